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
from functools import partial
from typing import Any, cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from zenith_server.protocol import ASGIApp, Receive, Scope, Send

# How many waiting connections one wake-up takes, so that workers on one socket share them.
_AT_ONCE = 16
_AMBIGUOUS = {b"content-length", b"transfer-encoding"}
_REFUSAL = [(b"connection", b"close"), (b"content-length", b"0")]


class Hypercorn:
    """Serves HTTP/1.1, HTTP/2 and WebSockets in pure Python."""

    def start(self, app: ASGIApp, listener: socket.socket, backlog: int) -> None:
        """Begin to accept connections."""
        self._loop = asyncio.get_running_loop()
        self._app = ASGIWrapper(cast("ASGIFramework", _strict(app)))
        self._config = _config(backlog)
        self._context = WorkerContext(None)
        self._listener = listener
        self._connections: set[asyncio.Task[None]] = set()
        self._loop.add_reader(listener.fileno(), self._accept)

    def stop_accepting(self) -> None:
        """Leave further connections to the other processes on the socket."""
        self._loop.remove_reader(self._listener.fileno())

    async def finish(self) -> None:
        """Close idle connections and wait for the busy ones."""
        await self._context.terminated.set()
        try:
            while self._connections:
                await asyncio.wait(self._connections)
        finally:
            for connection in self._connections:
                connection.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            accepted.setblocking(False)
            self._track(self._connect(accepted))

    async def _connect(self, accepted: socket.socket) -> None:
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, partial(self._connected))
        await self._loop.connect_accepted_socket(lambda: protocol, accepted)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state: Any = {}
        app, config, context = self._app, self._config, self._context
        await TCPServer(app, self._loop, config, context, state, reader, writer)

    def _track(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


def _strict(app: ASGIApp) -> ASGIApp:
    """Mend what h11 lets through (RFC 9112, 3.2.2 and 6.3).

    A body with two lengths may hide a request from the proxy before us: it is refused, and the
    connection with it. The absolute form of a target, which clients of proxies send, is its path.
    """

    async def strict(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if _AMBIGUOUS.issubset(name for name, _ in scope["headers"]):
                await send({"type": "http.response.start", "status": 400, "headers": _REFUSAL})
                await send({"type": "http.response.body"})
                return
            if "://" in scope["path"] and scope["path"][:1] != "/":
                path, raw = scope["path"], scope["raw_path"].decode("ascii")
                scope = {**scope, "path": _path(path), "raw_path": _path(raw).encode()}
        await app(scope, receive, send)

    return strict


def _path(target: str) -> str:
    """The path of a target in absolute form."""
    return "/" + "/".join(target.split("/", 3)[3:])


def _config(backlog: int) -> Config:
    config = Config()
    config.backlog = backlog
    config.accesslog = None
    # The logger itself: given a name, hypercorn adds a handler and form of its own to it.
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    return config
