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
from typing import TYPE_CHECKING, Any, cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.typing import ASGIFramework

from zenith_server.protocol import ASGIApp
from zenith_server.runner import tls
from zenith_server.runner.descriptors import descriptor_room
from zenith_server.runner.engines import Quic, repairs, savings
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.runner.engines.http3.server import Server

log = logging.getLogger("zenith_server")

# How many waiting connections one wake-up takes, so that workers on one socket share them.
_AT_ONCE = 16
_REST = 0.05
# Seconds for which a client may remember that there is HTTP/3.
_REMEMBERED = 86400


class Hypercorn:
    """Serves HTTP/1.1, HTTP/2 and WebSockets in pure Python; HTTP/3 too where it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connections: set[asyncio.Task[None]] = set()
        self._room = min(settings.connections.limit, descriptor_room())
        self._is_accepting = False
        self._http3: Server | None = None
        self._handshake_time = max(settings.connections.idle, 0.001)

    def start(
        self, app: ASGIApp, listener: socket.socket, backlog: int, quic: Quic | None = None
    ) -> None:
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
        if quic is not None:
            self._http3 = self._start_http3(app, quic)

    def _start_http3(self, app: ASGIApp, quic: Quic) -> Server:
        from zenith_server.runner.engines.http3.server import Server

        port = quic.socket.getsockname()[1]
        self._config.alt_svc_headers = [f'h3=":{port}"; ma={_REMEMBERED}']
        server = Server(
            app,
            quic.socket,
            self._settings,
            always=lambda: self._config.response_headers("h3"),
            secret=quic.secret,
            is_full=lambda: self._is_full,
        )
        server.start()
        return server

    def pause(self) -> None:
        """Nothing to do: a loop that is blocked accepts nothing."""

    def resume(self) -> None:
        """Nothing to do either."""

    def warn(self) -> None:
        """Ask clients of HTTP/3 to make their next connection elsewhere; others are told so."""
        if self._http3:
            self._http3.warn()

    def stop_accepting(self, *, last: bool = False) -> None:
        """Leave further connections to the other processes on the socket."""
        if self._http3:
            self._http3.stop_accepting(last=last)
        self._is_accepting = False
        self._loop.remove_reader(self._listener.fileno())

    async def finish(self) -> None:
        """Close idle connections and wait for the busy ones."""
        await self._context.end()
        http3 = self._http3.finish() if self._http3 else asyncio.sleep(0)
        await asyncio.gather(self._finish_connections(), http3)

    async def _finish_connections(self) -> None:
        try:
            while self._connections:
                await asyncio.wait(self._connections)
        finally:
            for connection in self._connections:
                connection.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if self._is_full:
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

    @property
    def _is_full(self) -> bool:
        others = self._http3.count if self._http3 else 0
        return len(self._connections) + others >= self._room

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
