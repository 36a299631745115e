"""Granian, embedded: its Rust server on the inherited socket, in our event loop.

`granian.server.embed.Server` runs one worker inside the running loop; only the opening of its
socket is replaced. Its own process tree, signals and lifespan are not used.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from granian import __version__
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import embed
from granian.server.embed import Server

from zenith_server.protocol import ASGIApp
from zenith_server.runner import tls
from zenith_server.runner.descriptors import descriptor_room
from zenith_server.runner.engines import Quic
from zenith_server.settings import Settings

# The type stub of granian lacks the constructor; see `SocketHolder.__text_signature__`.
_holder = cast("Callable[[int, bool, int], SocketHolder]", SocketHolder)
KNOWN = "2.8."
# It refuses to work with less.
_LEAST_BUFFER = 8192
_CLOSING = [(b"content-length", b"0"), (b"connection", b"close")]
_BAD_REQUEST = {"type": "http.response.start", "status": 400, "headers": _CLOSING}


class _OnInheritedSocket(Server):
    """The embedded server, given its socket in place of opening one."""

    inherited: SocketHolder

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = self.inherited


def _answered(inner: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Answer 400 where the app could not, in place of Granian's own two wrappers of each request.

    To the app a body that is no HTTP looks like a client that has gone, so it says nothing, and
    Granian would call that a 500. A client that has really gone does not hear it.
    """
    app: ASGIApp = cast("Any", inner).__wrapped__

    async def watched(watcher: Any) -> None:
        scope, protocol = watcher.scope, watcher.proto
        scope["root_path"] = ""
        try:
            await app(scope, protocol.receive, protocol.send)
            if scope["type"] == "http" and not protocol.sent_response_code:
                await protocol.send(_BAD_REQUEST)
                await protocol.send({"type": "http.response.body"})
        except BaseException as error:  # noqa: BLE001 - it is Granian's to know
            watcher.err(error)
            return
        watcher.done()

    return watched


def _same_socket(known: int) -> list[int]:
    """Return this process's other descriptors of a socket."""
    found: list[int] = []
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        # The listing names the descriptor that it was read through, which is closed by now.
        with suppress(OSError):
            if descriptor != known and os.path.sameopenfile(descriptor, known):
                found.append(descriptor)
    return found


def _server(app: ASGIApp, settings: Settings, room: int) -> _OnInheritedSocket:
    limits = settings.connections
    # Looked at by ourselves first, whose complaints are better.
    pair = tls.files(settings) if tls.context(settings) else None
    # Its name for the most connections at a time; 128 if nothing is said. Without TLS it speaks
    # HTTP/1.1 only: while it waits to see which protocol it is, it has no time limit.
    return _OnInheritedSocket(
        app,
        interface=Interfaces.ASGINL,
        backpressure=min(limits.limit, room),
        http=HTTPModes.auto if pair else HTTPModes.http1,
        ssl_cert=pair[0] if pair else None,
        ssl_key=pair[1] if pair else None,
        ssl_protocol_min=SSLProtocols.tls12,
        http1_settings=HTTP1Settings(
            header_read_timeout=max(1, int(limits.idle * 1000)),
            max_buffer_size=max(_LEAST_BUFFER, limits.head_limit),
        ),
        http2_settings=HTTP2Settings(max_headers_size=limits.head_limit),
        log_enabled=False,
        log_level=LogLevels.critical,
    )


class Granian:
    """Serves HTTP/1.1, HTTP/2 and WebSockets from Rust."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._taken: list[int] = []
        self._taking = threading.Lock()

    def start(
        self, app: ASGIApp, listener: socket.socket, backlog: int, quic: Quic | None = None
    ) -> None:
        """Begin to accept connections; it has no use for QUIC."""
        logging.getLogger("_granian").setLevel(logging.CRITICAL)
        if __version__.startswith(KNOWN):
            cast("Any", embed)._future_watcher_wrapper = _answered
        self._server = _server(app, self._settings, descriptor_room())
        self._listener = listener
        self._server.inherited = _holder(
            os.dup(listener.fileno()), listener.family == socket.AF_UNIX, backlog
        )
        self._serving = asyncio.ensure_future(self._server.serve())

    def pause(self) -> None:
        """Take the socket from Granian, whose threads go on accepting while the loop is blocked."""
        self._taken = self._take()

    def resume(self) -> None:
        """Give it back, unless it was taken for good meanwhile."""
        with self._taking:
            for descriptor in self._taken:
                os.dup2(self._listener.fileno(), descriptor, inheritable=False)
            taken, self._taken = self._taken, []
        if taken:
            self._wake()

    def _wake(self) -> None:
        """Connect once: Granian looks at a socket only when something comes."""
        with socket.socket(self._listener.family, socket.SOCK_STREAM) as knock, suppress(OSError):
            knock.settimeout(1.0)
            knock.connect(self._listener.getsockname())

    def warn(self) -> None:
        """Nothing to do: every answer of a stopping worker says it."""

    def stop_accepting(self, *, last: bool = False) -> None:
        """Take the socket from Granian for good.

        Granian stops accepting and closes connections in one step, and a connection that was
        accepted but not read yet would be closed unread.
        """
        self._take()
        self._taken = []

    def _take(self) -> list[int]:
        """Give Granian's descriptors of the socket to another, on which nobody ever connects.

        The socket itself cannot be touched: the other processes accept on it.
        """
        with self._taking, socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
            silent.setblocking(False)
            taken = _same_socket(self._listener.fileno())
            for descriptor in taken:
                os.dup2(silent.fileno(), descriptor, inheritable=False)
        return taken

    async def finish(self) -> None:
        """Stop accepting, close idle connections and wait for the busy ones."""
        self._server.stop()
        await self._serving
