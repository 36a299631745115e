"""Listening sockets that are no host and port: of the file system, or opened by somebody else."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from zenith_server.errors import Fault, ProjectError

_FIRST = 3
_WHERE = "server.bind"


class AddressError(ProjectError):
    """The address cannot be listened on."""


def unix(path: Path, mode: int, backlog: int) -> socket.socket:
    """Listen on a path of the file system.

    A socket that a dead server left there is replaced, one that somebody answers on is not.

    Args:
        path: where.
        mode: who may connect, as for a file: 0o660 is owner and group.
        backlog: how many connections may wait while no worker accepts.

    Raises:
        AddressError: somebody listens there, or the system refuses.
    """
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Nobody may connect before the mode is what it is to be.
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise AddressError(_refused(path, error)) from error
    return listener


def inherited(descriptor: int, backlog: int, where: str = _WHERE) -> socket.socket:
    """Listen on a socket that whoever started this process has opened.

    Raises:
        AddressError: the descriptor is not open, or no stream socket.
    """
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise AddressError(_no_socket(descriptor, where, error)) from error
    if listener.type != socket.SOCK_STREAM:
        listener.detach()
        raise AddressError(_no_socket(descriptor, where, None))
    listener.set_inheritable(False)
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.listen(backlog)
    listener.setblocking(False)
    return listener


def activated(environ: MutableMapping[str, str]) -> int | None:
    """Return the descriptor that a service manager handed over, if it did.

    The variables are taken away, because they are meant for this process alone
    (https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html).

    Raises:
        AddressError: there are several, and one is served.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = environ.get("LISTEN_FDS", "0")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    if count not in ("0", "1"):
        raise AddressError(_several(count))
    return _FIRST if count == "1" else None


def remove(listener: socket.socket) -> None:
    """Take a socket of ours out of the file system, unless another has taken its place."""
    if listener.family == socket.AF_UNIX:
        with suppress(OSError):
            Path(listener.getsockname()).unlink()


def _remove_dead(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise AddressError(_in_the_way(path))
    except OSError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise AddressError(_refused(path, error)) from error
    raise AddressError(_held(path))


def _refused(path: Path, error: OSError) -> Fault:
    return Fault(
        f"The socket {path} cannot be opened",
        (_WHERE,),
        f"The system answered: {error.strerror or error}.",
        ("Name a path of at most 100 characters in a folder that the server may write to.",),
    )


def _in_the_way(path: Path) -> Fault:
    return Fault(
        f"{path} is no socket",
        (_WHERE,),
        "Something else is there, and is not removed.",
        ("Name another path, or remove what is there.",),
    )


def _held(path: Path) -> Fault:
    return Fault(
        f"Somebody listens on {path} already",
        (_WHERE,),
        "A connection to it was accepted.",
        ("Name another path, or stop the other server.",),
    )


def _no_socket(descriptor: int, where: str, error: OSError | None) -> Fault:
    why = f"The system answered: {error.strerror}." if error else "It is of another kind."
    return Fault(
        f"The descriptor {descriptor} is no socket for connections",
        (where,),
        why,
        ("Let whoever starts the server open a TCP or Unix stream socket and pass it on.",),
    )


def _several(count: str) -> Fault:
    return Fault(
        f"The service manager handed over {count} sockets",
        ("environment variable LISTEN_FDS",),
        "The server serves on one.",
        ("Give the .socket unit one ListenStream=.",),
    )
