"""What HTTP/3 needs before anything is started: its library, and the UDP port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import suppress

from zenith_server.errors import Fault, ProjectError
from zenith_server.runner.sockets import AddressError
from zenith_server.settings import Settings

KNOWN = "1.7."
"""The version of aioquic whose inner parts the bounds of HTTP/3 rest on."""
_INSTALL = "pip install 'zenith-server[http3]'"
# Bytes that may wait to be read, as far as the system allows; what finds no room is lost.
_ROOM = 4 * 2**20


def check(settings: Settings) -> None:
    """See that HTTP/3 can be served, where it is asked for.

    Raises:
        ProjectError: aioquic is not installed, or another version than was tried.
    """
    if not settings.server.http3:
        return
    from importlib import metadata

    try:
        found = metadata.version("aioquic")
    except metadata.PackageNotFoundError:
        raise ProjectError(_not_installed(settings)) from None
    if not found.startswith(KNOWN):
        raise ProjectError(_unknown(settings, found))


def open_sockets(listener: socket.socket, settings: Settings) -> Iterator[socket.socket]:
    """Yield the UDP socket on the address of the listening one, where HTTP/3 is asked for.

    Raises:
        AddressError: it cannot be had.
    """
    if not settings.server.http3:
        return
    if listener.family == socket.AF_UNIX:
        raise AddressError(_no_port(settings))
    opened = socket.socket(listener.family, socket.SOCK_DGRAM)
    try:
        if listener.family == socket.AF_INET6:
            only = listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        for each in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, each, _ROOM)
        opened.bind(listener.getsockname())
        opened.setblocking(False)
    except OSError as error:
        opened.close()
        raise AddressError(_not_bound(listener, settings, error)) from error
    yield opened


def _where(settings: Settings) -> tuple[str, ...]:
    return (f"server.http3, {settings.origin('server.http3')}",)


def _not_installed(settings: Settings) -> Fault:
    return Fault(
        "HTTP/3 is spoken by aioquic, which is not installed",
        _where(settings),
        "It is an extra.",
        (_INSTALL, "Or leave server.http3 out."),
    )


def _unknown(settings: Settings, found: str) -> Fault:
    return Fault(
        f"HTTP/3 is not served with aioquic {found}",
        _where(settings),
        f"What a client may make the server hold is bounded in aioquic {KNOWN}x alone.",
        (_INSTALL, "Or leave server.http3 out."),
    )


def _no_port(settings: Settings) -> Fault:
    return Fault(
        "HTTP/3 needs a port",
        _where(settings),
        "A Unix socket has none, so the server has no UDP port to listen on.",
        ("Let the proxy in front speak HTTP/3, and leave server.http3 out here.",),
    )


def _not_bound(listener: socket.socket, settings: Settings, error: OSError) -> Fault:
    port = listener.getsockname()[1]
    if error.errno == errno.EADDRINUSE:
        what, why = f"UDP port {port} is already in use", "Another process has it."
    else:
        what = f"UDP port {port} cannot be opened"
        why = f"The system answered: {error.strerror or error}."
    fixes = (f"Find who has it: ss -ulpn 'sport = :{port}'", "Or use another port: --port.")
    return Fault(what, _where(settings), why, fixes)
