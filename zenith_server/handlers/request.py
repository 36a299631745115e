"""Reading the raw parts of a request: query string, headers, cookies, body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.problems import BadRequest, ContentTooLarge, UnsupportedMediaType
from zenith_server.protocol import Message, Receive, Scope

# As numbers, because bytes look for a byte ten times as fast as for bytes.
NUL, PERCENT, PLUS = b"\0%+"

Values = dict[str, Any]
EMPTY: Values = {}


class ClientDisconnected(Exception):
    """The client went away before its request was read; there is nobody to answer."""


def read_query(scope: Scope) -> Values:
    """Return the query string as names with a string each, or a list where a name comes twice.

    Raises:
        BadRequest: it is not UTF-8, or holds a NUL.

    Example:
        >>> read_query({"query_string": b"tag=a&tag=b&page=2"})
        {'tag': ['a', 'b'], 'page': '2'}
    """
    raw: bytes = scope["query_string"]
    if not raw:
        return EMPTY
    if PERCENT in raw or PLUS in raw or NUL in raw:
        return read_pairs(raw, "The URL")
    # The way of nearly every query: names that come once each, with nothing to unescape.
    values: Values = {}
    try:
        for pair in raw.decode().split("&"):
            name, _, value = pair.partition("=")
            if name in values or not pair:
                return read_pairs(raw, "The URL")
            values[name] = value
    except UnicodeDecodeError:
        return read_pairs(raw, "The URL")
    return values


def read_pairs(raw: bytes, part: str) -> Values:
    """Return percent-encoded pairs by name, as queries and simple forms have them.

    Raises:
        BadRequest: they are not UTF-8, or hold a NUL.

    Example:
        >>> read_pairs(b"name=Ada+L.&name=Bob", "The form")
        {'name': ['Ada L.', 'Bob']}
    """
    values: Values = {}
    if PERCENT in raw or PLUS in raw:
        for pair in filter(None, raw.split(b"&")):
            name, _, value = pair.partition(b"=")
            add(values, decoded(name, part, plus=True), decoded(value, part, plus=True))
        return values
    # Most have nothing to unescape, and are decoded as a whole.
    for pair in decoded(raw, part).split("&"):
        key, _, text = pair.partition("=")
        if key in values:
            add(values, key, text)
        elif pair:
            values[key] = text
    return values


def decoded(raw: bytes, part: str = "The URL", *, plus: bool = False) -> str:
    """Return percent-encoded bytes as text (RFC 3986).

    Args:
        raw: the bytes.
        part: what they are a part of, for the message.
        plus: whether `+` stands for a blank, as in a query.

    Raises:
        BadRequest: they are not UTF-8, or hold a NUL.

    Example:
        >>> decoded(b"caf%C3%A9")
        'café'
    """
    try:
        text = raw.decode("utf-8")
        if plus and "+" in text:
            text = text.replace("+", " ")
        if "%" in text:
            text = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(f"{part} is not valid UTF-8") from None
    if "\0" in text:
        raise BadRequest(f"{part} holds a NUL character")
    return text


def read_cookies(scope: Scope) -> Values:
    """Return the cookies by name (RFC 6265, 4.2); the first of a name counts.

    Example:
        >>> read_cookies({"headers": [(b"cookie", b"a=1; b=2")]})
        {'a': '1', 'b': '2'}
    """
    cookies: Values = {}
    for key, raw in scope["headers"]:
        if key == b"cookie":
            for pair in raw.decode("latin-1").split(";"):
                name, separator, value = pair.strip().partition("=")
                if separator:
                    cookies.setdefault(name, value.strip('"'))
    return cookies


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return one header.

    Raises:
        BadRequest: it is there more than once.

    Example:
        >>> header({"headers": [(b"host", b"example.com")]}, b"host")
        b'example.com'
    """
    found = None
    for key, value in scope["headers"]:
        if key == name:
            if found is not None:
                raise _twice(name)
            found = value
    return found


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return all headers of a name, in order.

    Example:
        >>> header_values({"headers": [(b"via", b"a"), (b"via", b"b")]}, b"via")
        ['a', 'b']
    """
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def body_reader(limit: int) -> Callable[..., Awaitable[bytes]]:
    """Return the coroutine function that reads a whole body of at most `limit` bytes.

    It takes scope and `receive`, and the first message if that was received before.
    """

    async def read_body(scope: Scope, receive: Receive, first: Message | None = None) -> bytes:
        message = await receive() if first is None else first
        pieces = body_pieces(scope, _after(message, receive), limit)
        return b"".join([piece async for piece in pieces])

    return read_body


async def body_pieces(scope: Scope, receive: Receive, limit: int) -> AsyncGenerator[bytes]:
    """Yield a body of at most `limit` bytes as it arrives.

    Raises:
        ContentTooLarge: there are more, or Content-Length says that there will be.
        ClientDisconnected: the client went away.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    size, is_last = 0, False
    while not is_last:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        yield piece
        is_last = not message.get("more_body", False)


def lift_limit(scope: Scope, limit: int) -> None:
    """Let the body of this request have at most so many bytes, where a layer limits it."""
    exchange: Exchange | None = scope.get(EXCHANGE)
    if exchange is not None:
        exchange.limit = limit


class Tape:
    """Keeps the messages of a body, so that it can be read more than once, one reader at a time.

    Example:
        >>> tape = Tape(receive)
        >>> await read_body(scope, tape.reader()) == await read_body(scope, tape.reader())
        True
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []

    def reader(self) -> Receive:
        """Return a `receive` that begins at the first message."""
        position = 0

        async def receive() -> Message:
            nonlocal position
            if position == len(self._messages):
                self._messages.append(await self._receive())
            position += 1
            return self._messages[position - 1]

        return receive


def _after(first: Message, receive: Receive) -> Receive:
    """Receive a message once more, and then the ones that follow it."""
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def require_json(scope: Scope) -> None:
    """Refuse a body that does not say it is JSON.

    A browser sends `text/plain` and forms across sites without asking, so taking them for JSON
    would let any page act for a signed-in visitor.

    Raises:
        UnsupportedMediaType: the content type is another one, or none.
    """
    value = None
    for key, given in scope["headers"]:
        if key == b"content-type":
            if value is not None:
                raise _twice(key)
            value = given
    if value == b"application/json":
        return
    media, charset = content_type(value or b"")
    is_json = media == "application/json" or (
        media.startswith("application/") and media.endswith("+json")
    )
    if not is_json or charset not in {"", "utf-8", "utf8"}:
        got = f"got {value.decode('latin-1')}" if value else "got no Content-Type"
        raise UnsupportedMediaType(f"Send JSON with Content-Type: application/json; {got}")


def content_type(value: bytes) -> tuple[str, str]:
    """Return the media type and the charset of a Content-Type header, in lower case.

    Example:
        >>> content_type(b'application/json; charset="UTF-8"')
        ('application/json', 'utf-8')
    """
    media, *parameters = value.decode("latin-1").lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    charset = next((text for name, _, text in pairs if name.strip() == "charset"), "")
    return media.strip(), charset.strip().strip('"')


def add(values: Values, name: str, value: Any) -> None:
    """Add a value under a name; the second of a name makes a list.

    Example:
        >>> add(values := {"tag": "a"}, "tag", "b"); values
        {'tag': ['a', 'b']}
    """
    held = values.get(name)
    if held is None:
        values[name] = value
    elif held.__class__ is list:
        held.append(value)
    else:
        values[name] = [held, value]


def _twice(name: bytes) -> BadRequest:
    return BadRequest(f"The header {name.decode()} is there more than once")


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes")
