"""A response that is sent piece by piece while its source makes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync

from zenith_server.handlers.request import ClientDisconnected
from zenith_server.protocol import Headers, Message, Receive, Scope, Send

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")
BYTES = (b"content-type", b"application/octet-stream")
LINES = (b"content-type", b"application/x-ndjson")
_NONE: Any = object()


class Stream:
    """Sends the pieces of an iterator: bytes, text, or objects as lines of JSON.

    The first piece is made before the response starts, so that what fails there is still an
    ordinary error response. When the client goes away, the iterator is closed.

    Args:
        pieces: the iterator.
        status: the HTTP status.
        headers: of the response; without a Content-Type, the first piece tells it.
        write: writes an object as JSON.
        empty: the Content-Type of a stream without a piece.
    """

    def __init__(
        self,
        pieces: AsyncIterator[Any],
        status: int,
        headers: Headers,
        write: Callable[[Any], bytes],
        empty: tuple[bytes, bytes] = BYTES,
    ) -> None:
        self.pieces = pieces
        self.status = status
        self.headers = headers
        self.write = write
        self.empty = empty

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app).

        Raises:
            ClientDisconnected: the client went away before the end.
        """
        try:
            async with _while_connected(receive):
                await self._send(send)
        finally:
            close = getattr(self.pieces, "aclose", None)
            if close is not None:
                await close()

    async def _send(self, send: Send) -> None:
        first = await anext(self.pieces, _NONE)
        kind = [] if has_type(self.headers) else [self._type_of(first)]
        headers = [*kind, *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send(self._message(b"" if first is _NONE else first))
        async for piece in self.pieces:
            await send(self._message(piece))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _type_of(self, piece: Any) -> tuple[bytes, bytes]:
        return self.empty if piece is _NONE else type_of(piece.__class__)

    def _message(self, piece: Any) -> Message:
        if isinstance(piece, str):
            body = piece.encode()
        elif isinstance(piece, bytes | bytearray):
            body = bytes(piece)
        else:
            body = self.write(piece) + b"\n"
        return {"type": "http.response.body", "body": body, "more_body": True}


@asynccontextmanager
async def _while_connected(receive: Receive) -> AsyncGenerator[None]:
    """Cancel what runs inside when the client goes away; servers do not do it."""
    gone = asyncio.timeout(None)
    try:
        async with gone:
            watcher = asyncio.create_task(_watch(receive, gone))
            try:
                yield
            finally:
                watcher.cancel()
    except TimeoutError:
        if gone.expired():
            raise ClientDisconnected from None
        raise


async def _watch(receive: Receive, gone: asyncio.Timeout) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.reschedule(asyncio.get_running_loop().time())


def has_type(headers: Headers) -> bool:
    """Whether there is a Content-Type."""
    for name, _ in headers:  # noqa: SIM110 - a generator is dearer than all else here
        if name == b"content-type":
            return True
    return False


def type_of(kind: Any) -> tuple[bytes, bytes]:
    """Return the Content-Type of a stream of such pieces.

    Example:
        >>> type_of(dict)
        (b'content-type', b'application/x-ndjson')
    """
    is_class = isinstance(kind, type)
    if is_class and issubclass(kind, bytes | bytearray):
        return BYTES
    return TEXT if is_class and issubclass(kind, str) else LINES


async def in_threads(pieces: Iterator[Any]) -> AsyncGenerator[Any]:
    """Draw a plain iterator's pieces in a thread, one at a time, and close it at the end."""
    end = object()
    try:
        while (piece := await run_sync(next, pieces, end)) is not end:
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
