"""One request and its answer, as the app sees them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from aioquic.h3.connection import ErrorCode

from zenith_server.protocol import ASGIApp, Headers, Message, Scope

log = logging.getLogger("zenith_server")

# How much is handed to aioquic before its room is looked at again.
_PIECE = 16 * 1024
_BODILESS = (204, 304)
# What HTTP/1.1 says about its connection means nothing here (RFC 9114, 4.2).
_OF_CONNECTIONS = frozenset(
    [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"]
)


class Wire(Protocol):
    """What a request needs of its connection."""

    def has_room(self, stream_id: int) -> bool:
        """Whether the client has taken enough of the answer for more of it."""
        ...

    def took(self, stream_id: int) -> None:
        """Take note that the app has read."""
        ...

    def send_head(self, stream_id: int, head: Headers, *, last: bool) -> None:
        """Send the head of the answer."""
        ...

    def send_body(self, stream_id: int, data: bytes, *, last: bool) -> None:
        """Send a piece of the body of the answer."""
        ...

    def end(self, stream_id: int, error_code: int) -> None:
        """End both directions of the stream, whatever is on its way."""
        ...

    def answered(self, stream_id: int) -> None:
        """Take note that the answer is whole, so that nothing of the request is wanted any more."""
        ...


class Request:
    """A request that the app works on.

    Attributes:
        gone: whether the client has lost interest, or has been lost.
        finished: whether the whole answer has been handed over.
        wants_room: whether its answer waits for the client.
    """

    def __init__(self, wire: Wire, stream_id: int, scope: Scope, always: Headers) -> None:
        self._wire = wire
        self._stream_id = stream_id
        self._scope = scope
        self._always = always
        self._body = bytearray()
        self._has_ended = False
        self._was_told_end = False
        self._changed = asyncio.Event()
        self._head: Message | None = None
        self._has_begun = False
        self.gone = False
        self.finished = False
        self.wants_room = False

    # What the connection says

    @property
    def unread(self) -> int:
        """How many bytes of the body have come and were not read by the app."""
        return len(self._body)

    def came(self, data: bytes, *, last: bool) -> None:
        """Take a part of the body."""
        if not self.finished:
            self._body += data
        self._has_ended = self._has_ended or last
        self._changed.set()

    def lose(self) -> None:
        """Take note that the client does not want an answer, or cannot be reached."""
        self.gone = True
        self._changed.set()

    def wake(self) -> None:
        """Take note that the client has taken something."""
        self._changed.set()

    # What the app does

    async def run(self, app: ASGIApp) -> None:
        """Have the app answer; answer in its place where it fails."""
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:
            log.exception("The app has failed")
        finally:
            self._close()

    async def _receive(self) -> Message:
        while True:
            if self.gone or self.finished:
                return {"type": "http.disconnect"}
            is_end = self._has_ended and not self._was_told_end
            if self._body or is_end:
                body = bytes(self._body)
                self._body.clear()
                self._was_told_end = self._has_ended
                self._wire.took(self._stream_id)
                return {"type": "http.request", "body": body, "more_body": not self._has_ended}
            await self._wait()

    async def _wait(self) -> None:
        """Wait until something has happened; several may wait at a time."""
        if self._changed.is_set():
            self._changed = asyncio.Event()
        await self._changed.wait()

    async def _send(self, message: Message) -> None:
        if self.gone:
            # Whoever sends without an end has to let others run.
            await asyncio.sleep(0)
        elif message["type"] == "http.response.start" and self._head is None:
            self._head = message
        elif message["type"] == "http.response.body" and self._head and not self.finished:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} is not due")

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        data = b"" if self._is_bodiless else memoryview(body)
        if not self._has_begun:
            self._begin(last=not more and not data)
        for start in range(0, len(data), _PIECE):
            if not await self._has_room():
                return
            last = not more and start + _PIECE >= len(data)
            piece = bytes(data[start : start + _PIECE])
            self._wire.send_body(self._stream_id, piece, last=last)
            self.finished = last
        if not more:
            self._finish(is_sent=bool(data))

    def _begin(self, *, last: bool) -> None:
        self._has_begun, self.finished = True, last
        self._wire.send_head(self._stream_id, self._answer_head(), last=last)

    def _finish(self, *, is_sent: bool) -> None:
        if not self.finished and not is_sent:
            self._wire.send_body(self._stream_id, b"", last=True)
        self.finished = True
        self._body.clear()
        self._changed.set()
        self._wire.answered(self._stream_id)

    async def _has_room(self) -> bool:
        """Wait until the client takes more; return whether it still wants to."""
        while not self.gone and not self._wire.has_room(self._stream_id):
            self.wants_room = True
            await self._wait()
        self.wants_room = False
        return not self.gone

    @property
    def _is_bodiless(self) -> bool:
        status = self._head["status"] if self._head else 500
        return self._scope["method"] == "HEAD" or status in _BODILESS

    def _answer_head(self) -> Headers:
        given: Mapping[str, Any] = self._head or {"status": 500}
        status = (b":status", b"%d" % given["status"])
        headers = [(bytes(name).lower(), bytes(value)) for name, value in given.get("headers", ())]
        kept = [pair for pair in headers if pair[0] not in _OF_CONNECTIONS]
        return [status, *kept, *self._always]

    def _close(self) -> None:
        """End what the app has left open."""
        if self.gone:
            self._wire.end(self._stream_id, ErrorCode.H3_REQUEST_CANCELLED)
        elif self._head is None:
            self._head = {"status": 500, "headers": [(b"content-length", b"0")]}
            self._begin(last=True)
            self._finish(is_sent=True)
        elif not self.finished:
            self._wire.end(self._stream_id, ErrorCode.H3_INTERNAL_ERROR)
