"""Granian, embedded: its Rust server on the inherited socket, in our event loop.

`granian.server.embed.Server` runs one worker inside the running loop; only the opening of its
socket is replaced. Its own process tree, signals and lifespan are not used.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import cast

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from zenith_server.protocol import ASGIApp

# The type stub of granian lacks the constructor; see `SocketHolder.__text_signature__`.
_holder = cast("Callable[[int, bool, int], SocketHolder]", SocketHolder)


class _OnInheritedSocket(Server):
    """The embedded server, given its socket in place of opening one."""

    inherited: SocketHolder

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = self.inherited


class Granian:
    """Serves HTTP/1.1, HTTP/2 and WebSockets from Rust."""

    def start(self, app: ASGIApp, listener: socket.socket, backlog: int) -> None:
        """Begin to accept connections."""
        logging.getLogger("_granian").setLevel(logging.CRITICAL)
        self._server = _OnInheritedSocket(
            app, interface=Interfaces.ASGINL, log_enabled=False, log_level=LogLevels.critical
        )
        self._server.inherited = _holder(os.dup(listener.fileno()), False, backlog)
        self._serving = asyncio.ensure_future(self._server.serve())

    def stop_accepting(self) -> None:
        """Do nothing: granian stops accepting and finishes in one step, in `finish`.

        A connection that it accepts until then is served like any other, with
        `Connection: close`; one that it has not accepted stays in the backlog.
        """

    async def finish(self) -> None:
        """Stop accepting, close idle connections and wait for the busy ones."""
        self._server.stop()
        await self._serving
