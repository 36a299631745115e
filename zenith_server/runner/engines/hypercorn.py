"""Hypercorn: its protocol layer on our accept loop, without its process manager.

`hypercorn.asyncio.run.worker_serve` is not used: it closes just-accepted connections unread when
it stops, and on Python 3.12 and later waits without bound for open connections
(https://github.com/pgjones/hypercorn/issues/308). Accepting ourselves leaves no `asyncio.Server`
whose `wait_closed` could hang.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from functools import partial
from typing import Any, cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.typing import ASGIFramework

from zenith_server.protocol import ASGIApp
from zenith_server.runner import tls
from zenith_server.runner.descriptors import descriptor_room
from zenith_server.runner.engines import repairs, savings
from zenith_server.settings import Settings

log = logging.getLogger("zenith_server")

# How many waiting connections one wake-up takes, so that workers on one socket share them.
_AT_ONCE = 16
_REST = 0.05


class Hypercorn:
    """Serves HTTP/1.1, HTTP/2 and WebSockets in pure Python."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connections: set[asyncio.Task[None]] = set()
        self._room = min(settings.connections.limit, descriptor_room())
        self._is_accepting = False
        self._handshake_time = max(settings.connections.idle, 0.001)

    def start(self, app: ASGIApp, listener: socket.socket, backlog: int) -> None:
        """Begin to accept connections."""
        if not repairs.apply(self._settings.requests.websocket_limit):
            log.warning("This Hypercorn is another one than was tried; its faults are not mended")
        self._loop = asyncio.get_running_loop()
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._config = _config(backlog, self._settings)
        self._tls = tls.context(self._settings)
        self._context = savings.Context()
        self._listener = listener
        self._is_accepting = True
        self._loop.add_reader(listener.fileno(), self._accept)

    def pause(self) -> None:
        """Nothing to do: a loop that is blocked accepts nothing."""

    def resume(self) -> None:
        """Nothing to do either."""

    def stop_accepting(self) -> None:
        """Leave further connections to the other processes on the socket."""
        self._is_accepting = False
        self._loop.remove_reader(self._listener.fileno())

    async def finish(self) -> None:
        """Close idle connections and wait for the busy ones."""
        await self._context.end()
        try:
            while self._connections:
                await asyncio.wait(self._connections)
        finally:
            for connection in self._connections:
                connection.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if len(self._connections) >= self._room:
                self._rest()
                return
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # No descriptor or memory is left: asking again at once would be a busy loop.
                self._rest()
                return
            accepted.setblocking(False)
            self._track(self._connect(accepted))

    def _rest(self) -> None:
        """Leave the backlog alone for a moment."""
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(_REST, self._go_on)

    def _go_on(self) -> None:
        if self._is_accepting:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    async def _connect(self, accepted: socket.socket) -> None:
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, partial(self._connected))
        try:
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_time if self._tls else None,
            )
        except OSError:
            # A client that broke off, or that cannot agree with us on TLS; asyncio has closed it.
            return

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state: Any = {}
        app, config, context = self._app, self._config, self._context
        await repairs.Connection(app, self._loop, config, context, state, reader, writer)

    def _track(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


def _config(backlog: int, settings: Settings) -> savings.Dated:
    config = savings.Dated()
    limits = settings.connections
    config.keep_alive_timeout = limits.idle
    config.keep_alive_max_requests = sys.maxsize
    config.h11_max_incomplete_size = limits.head_limit
    config.websocket_max_message_size = settings.requests.websocket_limit
    config.h2_max_header_list_size = limits.head_limit
    config.backlog = backlog
    config.accesslog = None
    # The logger itself: given a name, hypercorn adds a handler and form of its own to it.
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    return config
