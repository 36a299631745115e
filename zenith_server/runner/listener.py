"""The listening socket, opened before anything else so that nobody is told a lie about the port."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import cast

from zenith_server.errors import Fault
from zenith_server.runner.sockets import AddressError, activated, inherited, unix
from zenith_server.settings import Settings

_Address = tuple[str | int, ...]
_HIGHEST = 65_535
_SO_ATTACH_FILTER = 26
# Classic BPF on the TCP header: drop what has SYN set and ACK not, keep all else.
_DROP_SYN = (
    struct.pack("HBBI", 0x30, 0, 0, 13),  # load the byte of the flags
    struct.pack("HBBI", 0x54, 0, 0, 0x12),  # keep SYN and ACK of it
    struct.pack("HBBI", 0x15, 0, 1, 0x02),  # if it is SYN alone,
    struct.pack("HBBI", 0x06, 0, 0, 0),  # drop the packet;
    struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF),  # else keep it
)


def open_listener(settings: Settings, environ: MutableMapping[str, str]) -> socket.socket:
    """Listen where the settings say, or on what a service manager has handed over.

    Raises:
        AddressError: naming what holds the address, or what is wrong with it.
    """
    server = settings.server
    kind, _, rest = (server.bind or "").partition(":")
    if kind == "unix":
        return unix(settings.root / rest, server.socket_mode, server.backlog)
    if kind == "fd":
        return inherited(int(rest[2:]), server.backlog)
    handed = activated(environ)
    if handed is not None:
        return inherited(handed, server.backlog, "environment variable LISTEN_FDS")
    return listen(server.host, server.port, server.backlog)


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """Bind and listen on an address.

    Args:
        host: an IPv4 or IPv6 address, or a name that resolves to one of this machine.
        port: 0 for any free port.
        backlog: how many connections may wait while no worker accepts.

    Raises:
        AddressError: naming what holds the port, or what is wrong with the address.

    Example:
        >>> listen("127.0.0.1", 0, 128).getsockname()[0]
        '127.0.0.1'
    """
    try:
        family, address = _resolve(host, port)
        return _open(family, address, backlog)
    except OSError as error:
        raise AddressError(_fault(error, host, port)) from error


def url(listener: socket.socket, *, is_secure: bool = False) -> str:
    """Return the address of a listening socket as a person would open it in a browser."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    scheme = "https" if is_secure else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def refuse_newcomers(listener: socket.socket) -> None:
    """Let no further connection begin, while those that have begun can still be accepted.

    Closing a listening socket resets the connections that wait in its backlog. On Linux a filter
    drops the SYN packets first: whoever connects now is refused once the socket has closed, and
    nobody who was let in is thrown out. Elsewhere nothing happens.

    Source: https://www.kernel.org/doc/html/latest/networking/filter.html
    """
    if sys.platform != "linux" or listener.family == socket.AF_UNIX:
        return
    program = ctypes.create_string_buffer(b"".join(_DROP_SYN))
    filter_program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(program))
    # A sandbox may forbid filters; then a connection may be reset, as everywhere else.
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_program)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, _Address]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return family, cast("_Address", address)


def _open(family: socket.AddressFamily, address: _Address, backlog: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and address[0] == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _fault(error: OSError, host: str, port: int) -> Fault:
    where = (f"server.host {host}, server.port {port}",)
    if isinstance(error, socket.gaierror):
        return Fault(
            f'The host "{host}" cannot be resolved',
            where,
            "The server listens on an address of this machine.",
            ("Use --host 127.0.0.1 (this machine only) or --host 0.0.0.0 (every network).",),
        )
    if error.errno == errno.EADDRINUSE:
        return _in_use(port, where)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Fault(
            f"Port {port} may not be opened by this user",
            where,
            "Ports below 1024 are reserved for privileged processes.",
            ("Use --port 8000, with a proxy or a port mapping in front.",),
        )
    return Fault(
        f'The host "{host}" is not an address of this machine',
        where,
        f"The system answered: {error.strerror or error}.",
        ("Use --host 127.0.0.1 (this machine only) or --host 0.0.0.0 (every network).",),
    )


def _in_use(port: int, where: tuple[str, ...]) -> Fault:
    holder = holder_of(port)
    return Fault(
        f"Port {port} is already in use",
        where,
        f"It is held by {holder}." if holder else "Another process listens on it.",
        (f"Use another port: --port {_free_after(port)}.", "Or stop the process that holds it."),
    )


def _free_after(port: int) -> int:
    """Return the next port that can be bound on loopback right now."""
    for candidate in range(port + 1, min(port + 100, _HIGHEST)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", candidate)) != 0:
                return candidate
    return 0


def holder_of(port: int) -> str:
    """Return `process 123 (command line)` for the process that listens on a port.

    Reads /proc, so it answers on Linux, for processes that this user may look at; otherwise the
    answer is empty.
    """
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _socket_inodes(process):
            return f"process {process.name} ({_command(process)})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in _read(table).splitlines()[1:]:
            field = line.split()
            if field[3] == "0A" and int(field[1].rpartition(":")[2], 16) == port:
                found.add(field[9])
    return found


def _socket_inodes(process: Path) -> set[str]:
    found: set[str] = set()
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        # Another user's process, or one that has just ended.
        return found
    return found


def _command(process: Path) -> str:
    return _read(process / "cmdline").replace("\0", " ").strip()[:80] or "unknown"


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
