"""Reading the raw parts of a request: query string, headers, cookies, body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from zenith_server.problems import BadRequest, ContentTooLarge, UnsupportedMediaType
from zenith_server.protocol import Receive, Scope

Values = dict[str, Any]
EMPTY: Values = {}


class ClientDisconnected(Exception):  # noqa: N818 - an event, not a mistake
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
    values: Values = {}
    for pair in raw.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            _add(values, decoded(name, plus=True), decoded(value, plus=True))
    return values


def decoded(raw: bytes, *, plus: bool = False) -> str:
    """Return percent-encoded bytes as text (RFC 3986), `+` as a blank in a query.

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
        raise BadRequest("The URL is not valid UTF-8") from None
    if "\0" in text:
        raise BadRequest("The URL holds a NUL character")
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
                raise BadRequest(f"The header {name.decode()} is there more than once")
            found = value
    return found


def body_reader(limit: int) -> Callable[[Scope, Receive], Any]:
    """Return the coroutine function that reads a whole body of at most `limit` bytes."""

    async def read_body(scope: Scope, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False) and message["type"] == "http.request":
            if len(body) > limit:
                raise _too_large(limit)
            return body
        return await _read_rest(scope, receive, message, limit)

    return read_body


async def _read_rest(scope: Scope, receive: Receive, message: Any, limit: int) -> bytes:
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def require_json(scope: Scope) -> None:
    """Refuse a body that does not say it is JSON.

    A browser sends `text/plain` and forms across sites without asking, so taking them for JSON
    would let any page act for a signed-in visitor.

    Raises:
        UnsupportedMediaType: the content type is another one, or none.
    """
    value = header(scope, b"content-type")
    if value == b"application/json":
        return
    media, _, parameters = (value or b"").decode("latin-1").lower().partition(";")
    media = media.strip()
    charset = parameters.strip().removeprefix("charset=").strip('"')
    is_json = media == "application/json" or (
        media.startswith("application/") and media.endswith("+json")
    )
    if not is_json or charset not in {"", "utf-8", "utf8"}:
        got = f"got {value.decode('latin-1')}" if value else "got no Content-Type"
        raise UnsupportedMediaType(f"Send JSON with Content-Type: application/json; {got}")


def _add(values: Values, name: str, value: str) -> None:
    held = values.get(name)
    if held is None:
        values[name] = value
    elif isinstance(held, list):
        held.append(value)
    else:
        values[name] = [held, value]


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes")
