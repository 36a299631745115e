"""What a handler returned becomes a response."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
)
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from zenith_server.handlers.schema import class_of, members, plain
from zenith_server.handlers.serialise import MISSING, json_writer
from zenith_server.handlers.stream import BYTES, JSON, Stream, has_type, in_threads, type_of
from zenith_server.protocol import ASGIApp, Headers
from zenith_server.reply import WITHOUT_BODY, Reply, reply

Answer = Reply | Stream | ASGIApp
Way = Callable[[Any], Answer]
STREAMS = {AsyncIterable, AsyncIterator, AsyncGenerator, Iterator, Generator}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def encoder(returns: Any = MISSING, status: int = 200) -> Encoder:
    """Return what turns a handler's result into a response.

    An object is JSON, `None` is 204, `(body, status)` and `(body, status, headers)` say more, a
    response is sent as it is, and an iterator is streamed.

    Args:
        returns: the return annotation; what it does not declare is left out.
        status: the status of a plain result.

    Raises:
        TypeError: nothing writes the declared type.

    Example:
        >>> encoder()({"a": 1}).body
        b'{"a":1}'
    """
    return Encoder(_Ways(returns, status), returns)


class Encoder:
    """Turns the results of one handler into responses.

    The way of nearly every result is written out in the handler's function, which looks for its
    class in `plain`: what is written by `write` and sent as JSON with the usual status.
    """

    def __init__(self, ways: _Ways, returns: Any) -> None:
        self.returns = returns
        self._ways = ways
        self._known: dict[type[Any], Way] = {}
        self.plain: set[type[Any]] = set()
        self.write = ways.write
        self.status = ways.status

    def __call__(self, value: Any) -> Answer:
        """Return the response that a result means."""
        kind = value.__class__
        way = self._known.get(kind)
        if way is None:
            special = self._ways.of(value)
            way = self._known[kind] = special or self._whole
            if special is None:
                self.plain.add(kind)
        return way(value)

    def _whole(self, value: Any) -> Reply:
        return reply(self.status, [JSON], self.write(value))


class _Ways:
    """The ways from a result to a response; the class of the result decides which one it takes."""

    def __init__(self, returns: Any, status: int) -> None:
        body, piece = _declared(returns)
        self.is_declared = body is not MISSING
        self.write = json_writer(body)
        self.write_piece = json_writer(piece)
        self.empty = BYTES if piece is MISSING else type_of(plain(piece)[0])
        self.status = status

    def of(self, value: Any) -> Way | None:
        """Return the way of a result's class; none for plain JSON with a body."""
        if value is None:
            return lambda _: reply(204 if self.status == 200 else self.status, [])
        if value.__class__ is tuple:
            return self._tuple
        if isinstance(value, Reply):
            return lambda whole: whole
        if callable(value) and hasattr(value, "status_code"):
            return lambda response: response
        if isinstance(value, bytes | bytearray):
            return lambda data: reply(self.status, [BYTES], bytes(data))
        if isinstance(value, Path):
            return lambda path: _file(path, self.status)
        if self._is_stream(value):
            return lambda pieces: self._stream(pieces, self.status, [])
        return self._bodiless if self.status in WITHOUT_BODY else None

    def _bodiless(self, value: Any) -> Reply:
        return reply(self.status, [JSON], self.write(value))

    def _is_stream(self, value: Any) -> bool:
        """Whether it is sent piece by piece; a declared list is sent whole, whatever makes it."""
        return hasattr(value, "__aiter__") or (hasattr(value, "__next__") and not self.is_declared)

    def _stream(self, pieces: Any, status: int, headers: Headers) -> Stream:
        if hasattr(pieces, "__aiter__"):
            if self.is_declared:
                raise TypeError("An async iterator was returned; declare -> AsyncIterator[…]")
            return Stream(aiter(pieces), status, headers, self.write_piece, self.empty)
        return Stream(in_threads(pieces), status, headers, self.write_piece, self.empty)

    def _tuple(self, value: tuple[Any, ...]) -> Reply | Stream | ASGIApp:
        if not 2 <= len(value) <= 3 or not isinstance(value[1], int) or value[1].__class__ is bool:
            return reply(self.status, [JSON], self.write(value))
        body, status = value[0], int(value[1])
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is no status of a response: (body, status) was returned")
        headers = headers_of(value[2]) if len(value) == 3 else []
        if body.__class__ is str and has_type(headers):
            return reply(status, headers, body.encode())
        if body is None:
            return reply(status, headers)
        if isinstance(body, Path):
            return _file(body, status, headers)
        if self._is_stream(body):
            return self._stream(body, status, headers)
        if has_type(headers):
            return reply(status, headers, self._raw(body))
        if isinstance(body, bytes | bytearray):
            return reply(status, [BYTES, *headers], bytes(body))
        return reply(status, [JSON, *headers], self.write(body))

    def _raw(self, body: Any) -> bytes:
        """A body whose Content-Type the handler says itself: text is sent as it is."""
        if isinstance(body, str):
            return body.encode()
        return bytes(body) if isinstance(body, bytes | bytearray) else self.write(body)


def _file(path: Path, status: int, headers: Headers | None = None) -> ASGIApp:
    from zenith_server.handlers.files import FileResponse

    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers or ()}
    return FileResponse(path, status, given)


def _declared(returns: Any) -> tuple[Any, Any]:
    """The type of the body in a return annotation, and the type of a stream's pieces."""
    if returns is MISSING or returns is inspect.Parameter.empty:
        return MISSING, MISSING
    bodies: list[Any] = []
    pieces: list[Any] = []
    for kind in members(returns):
        inner = get_args(kind)
        if get_origin(kind) is tuple and len(inner) in {2, 3} and is_status(inner[1]):
            bodies.extend(members(inner[0]))
        elif class_of(kind) in STREAMS:
            pieces.extend(inner[:1])
        elif kind is not None and kind is not type(None) and not is_response(kind):
            bodies.append(kind)
    if bodies == [plain(returns)[0]]:
        return returns, MISSING
    return _union(bodies), _union(pieces)


def _union(kinds: list[Any]) -> Any:
    return Union[tuple(kinds)] if kinds else MISSING  # noqa: UP007 - made at run time


def is_status(annotation: Any) -> bool:
    """Whether the second type of a tuple says that it is `(body, status)`."""
    kind, _ = plain(annotation)
    if get_origin(kind) is Literal:
        return all(isinstance(value, int) for value in get_args(kind))
    return isinstance(kind, type) and issubclass(kind, int) and kind is not bool


def is_response(kind: Any) -> bool:
    """Whether it is a response of ours or of Starlette, or a file; imports Starlette for nobody."""
    return kind is Reply or is_file(kind) or _is_starlettes(kind, "Response")


def is_file(kind: Any) -> bool:
    """Whether a type says that the response is a file."""
    is_path = isinstance(kind, type) and issubclass(kind, Path)
    return is_path or _is_starlettes(kind, "FileResponse")


def _is_starlettes(kind: Any, name: str) -> bool:
    bases: tuple[type[Any], ...] = kind.__mro__ if isinstance(kind, type) else ()
    return any(f"{b.__module__}.{b.__name__}" == f"starlette.responses.{name}" for b in bases)


def headers_of(given: Any) -> Headers:
    """Return headers, given as a mapping or as pairs, as ASGI has them.

    Raises:
        ValueError: one holds a line break, or another control character.
    """
    pairs: Any = given.items() if hasattr(given, "items") else given
    return [(_name(name), _header(str(value))) for name, value in pairs]


@functools.lru_cache(maxsize=256)
def _name(text: str) -> bytes:
    return _header(text).lower()


def _header(text: str) -> bytes:
    """What a client may have had a hand in must not end the header and begin another."""
    # Nearly all are ASCII that can be printed, which is known sooner than what is searched for.
    if not (text.isascii() and text.isprintable()) and _CONTROL.search(text):
        raise ValueError("A response header holds a line break or another control character")
    return text.encode("latin-1")
