"""A fork server from the first moment: it loads libraries while the command line is read.

This module is imported before anything else, so it may import next to nothing itself.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

_begun: list[tuple[int, socket.socket]] = []
_SERVING = ("run", "dev")
_ASKING = frozenset(("-h", "--help", "-V", "--version"))


def serves(words: Sequence[str]) -> bool:
    """Guess whether a command line is going to serve; a wrong guess costs a process for a moment.

    Example:
        >>> serves(["dev"]), serves(["--port", "80"]), serves(["run", "--help"]), serves(["check"])
        (True, True, False, False)
    """
    first = words[0] if words else "."
    is_meant = first in _SERVING or first.startswith("-") or os.path.isdir(first)  # noqa: PTH112
    return is_meant and not _ASKING & {*words} and hasattr(os, "fork")


@contextmanager
def headstart() -> Generator[None]:
    """Have a fork server ready to be taken; one that nobody took ends with the block."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _run(theirs)
    theirs.close()
    _begun.append((pid, ours))
    try:
        yield
    finally:
        left = take()
        if left is not None:
            _end(*left)


def take() -> tuple[int, socket.socket] | None:
    """Return the process and our end of its socket pair, once."""
    return _begun.pop() if _begun else None


def _end(pid: int, end: socket.socket) -> None:
    os.kill(pid, signal.SIGKILL)
    end.close()
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _run(end: socket.socket) -> None:
    """Be the fork server, and later its workers; never returns into what called us."""
    try:
        descriptor = end.detach()
        _close_all_but(descriptor)
        from zenith_server.runner.forkserver import main

        main(descriptor, ["zenith_server.runner.libraries"])
    except BaseException:  # noqa: BLE001 - told here, since nobody above may see it
        sys.excepthook(*sys.exc_info())  # pyright: ignore[reportArgumentType]
    os._exit(1)


def _close_all_but(descriptor: int) -> None:
    """Leave what others handed over, such as sockets, to the supervisor."""
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - pathlib is one of the things to wait for
        if int(name) > 2 and int(name) != descriptor:
            with suppress(OSError):
                os.close(int(name))
