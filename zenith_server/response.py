"""What a handler returned becomes a response."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, get_args, get_origin

from anyio.to_thread import run_sync

from zenith_server.protocol import ASGIApp, Headers, Receive, Reply, Scope, Send, reply
from zenith_server.schema import plain
from zenith_server.serialise import MISSING, json_writer

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")
BYTES = (b"content-type", b"application/octet-stream")
LINES = (b"content-type", b"application/x-ndjson")

Encoder = Callable[[Any], "Reply | Stream | ASGIApp"]
STREAMS = {AsyncIterator, typing.AsyncIterable, typing.AsyncGenerator, Iterator, typing.Generator}


def encoder(returns: Any = MISSING, status: int = 200) -> Encoder:
    """Return what turns a handler's result into a response.

    An object is JSON, `None` is 204, `(body, status)` and `(body, status, headers)` say more, a
    response is sent as it is, and an iterator is streamed.

    Args:
        returns: the return annotation; what it does not declare is left out.
        status: the status of a plain result.

    Example:
        >>> encoder()({"a": 1}).body["body"]
        b'{"a":1}'
    """
    write = json_writer(declared(returns))
    ways: dict[type[Any], Encoder] = {}

    def as_json(value: Any) -> Reply:
        body = write(value)
        return Reply(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [JSON, (b"content-length", b"%d" % len(body))],
            },
            {"type": "http.response.body", "body": body},
        )

    def way_of(value: Any) -> Encoder:
        way = _way_of(value, status, write) or as_json
        ways[value.__class__] = way
        return way

    def encode(value: Any) -> Reply | Stream | ASGIApp:
        way = ways.get(value.__class__)
        return way(value) if way is not None else way_of(value)(value)

    return encode


class Stream:
    """A response that is sent piece by piece while its source makes them.

    The first piece is made before the response starts, so that what fails there is still an
    ordinary error response.
    """

    def __init__(self, pieces: AsyncIterator[Any], status: int, headers: Headers) -> None:
        self.pieces = pieces
        self.status = status
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app)."""
        try:
            first = await anext(self.pieces, b"")
            kind = [] if _has_type(self.headers) else [_type_of(first)]
            headers = [*kind, *self.headers]
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send(_piece(first))
            async for piece in self.pieces:
                await send(_piece(piece))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            close = getattr(self.pieces, "aclose", None)
            if close is not None:
                await close()


def declared(returns: Any) -> Any:
    """Return the type of the body in a return annotation."""
    kind, _ = plain(returns)
    if kind is MISSING or kind is typing.Any or returns is inspect.Parameter.empty:
        return MISSING
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        looks_like_status = len(inner) in {2, 3} and is_status(inner[1])
        return inner[0] if looks_like_status else returns
    if kind is None or kind is type(None) or get_origin(kind) in STREAMS or is_response(kind):
        return MISSING
    return returns


def is_status(kind: Any) -> bool:
    """Whether the second part of a tuple is the response's status."""
    inner, _ = plain(kind)
    if get_origin(inner) is typing.Literal:
        return all(isinstance(value, int) for value in get_args(inner))
    return inner is int


def is_response(kind: Any) -> bool:
    """Whether a type is a response, which is sent as it is."""
    return (
        isinstance(kind, type)
        and callable(getattr(kind, "__call__", None))
        and (hasattr(kind, "render") or hasattr(kind, "body_iterator"))
    )


def _way_of(value: Any, status: int, write: Callable[[Any], bytes]) -> Encoder | None:
    if value is None:
        return lambda _: reply(204 if status == 200 else status, [])
    if isinstance(value, tuple):
        return _tuple_way(write, status)
    if callable(value) and hasattr(value, "status_code"):
        return lambda response: response
    if isinstance(value, bytes | bytearray):
        return lambda data: reply(status, [BYTES], bytes(data))
    if hasattr(value, "__anext__"):
        return lambda pieces: Stream(pieces, status, [])
    if inspect.isgenerator(value):
        return lambda pieces: Stream(_in_threads(pieces), status, [])
    return None


def _tuple_way(write: Callable[[Any], bytes], status: int) -> Encoder:
    def way(value: tuple[Any, ...]) -> Reply | Stream | ASGIApp:
        if not 2 <= len(value) <= 3 or value[1].__class__ is not int:
            return reply(status, [JSON], write(value))
        extra = _headers(value[2]) if len(value) == 3 else []
        body = value[0]
        if body is None:
            return reply(value[1], extra)
        if hasattr(body, "__anext__"):
            return Stream(body, value[1], extra)
        if isinstance(body, bytes | bytearray):
            return reply(value[1], extra if _has_type(extra) else [BYTES, *extra], bytes(body))
        return reply(value[1], extra if _has_type(extra) else [JSON, *extra], write(body))

    return way


def _headers(given: Any) -> Headers:
    pairs = given.items() if hasattr(given, "items") else given
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def _has_type(headers: Headers) -> bool:
    return any(name == b"content-type" for name, _ in headers)


def _type_of(piece: Any) -> tuple[bytes, bytes]:
    if isinstance(piece, bytes | bytearray | memoryview):
        return BYTES
    return TEXT if isinstance(piece, str) else LINES


def _piece(piece: Any) -> dict[str, Any]:
    if isinstance(piece, str):
        body = piece.encode()
    elif isinstance(piece, bytes | bytearray | memoryview):
        body = bytes(piece)
    else:
        body = json_writer()(piece) + b"\n"
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _in_threads(pieces: Iterator[Any]) -> AsyncIterator[Any]:
    """Draw a plain generator's pieces in a thread, one at a time."""
    end = object()
    while (piece := await run_sync(next, pieces, end)) is not end:
        yield piece
