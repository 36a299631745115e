"""The engines that speak HTTP: adapters behind one interface, each imported only when used."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from typing import Literal, Protocol

from msgspec import Struct

from zenith_server.protocol import ASGIApp
from zenith_server.settings import Settings

EngineName = Literal["hypercorn", "granian"]


class Quic(Struct, frozen=True):
    """What HTTP/3 needs besides.

    Args:
        socket: the UDP socket that all workers read.
        secret: what the workers of a server share.
    """

    socket: socket.socket
    secret: bytes


class Engine(Protocol):
    """One server on one listening socket, inside the running event loop.

    `start`, `warn`, `stop_accepting` (perhaps twice) and `finish` are called in this order. `pause`
    and `resume` come in between, from another thread, because the loop is blocked.
    """

    def start(
        self, app: ASGIApp, listener: socket.socket, backlog: int, quic: Quic | None = None
    ) -> None:
        """Begin to accept connections."""
        ...

    def warn(self) -> None:
        """Ask clients to make their next connection elsewhere, if their answers do not."""
        ...

    def pause(self) -> None:
        """Leave new connections to the other processes until `resume`, with the loop at a stand."""
        ...

    def resume(self) -> None:
        """Accept connections again."""
        ...

    def stop_accepting(self, *, last: bool = False) -> None:
        """Leave further connections to the other processes on the socket, where possible.

        Args:
            last: whether there are no others.
        """
        ...

    async def finish(self) -> None:
        """Close idle connections and wait for busy ones; to cancel it closes those too."""
        ...


def choose(settings: Settings) -> EngineName:
    """Return the engine for the settings; `auto` is granian where it matters and is installed."""
    choice = settings.server.engine
    if choice != "auto":
        return choice
    if settings.server.http3:
        return "hypercorn"
    busy = settings.environment.name in ("staging", "production")
    return "granian" if busy and find_spec("granian") else "hypercorn"


def module_of(name: EngineName) -> str:
    """Return the module of an engine, for the fork server to import ahead of time."""
    return f"zenith_server.runner.engines.{name}"


def create(name: EngineName, settings: Settings) -> Engine:
    """Import an engine and return a new one."""
    if name == "granian":
        from zenith_server.runner.engines.granian import Granian

        return Granian(settings)
    from zenith_server.runner.engines.hypercorn import Hypercorn

    return Hypercorn(settings)
