"""MessagePack for clients that ask for it: the same data as the JSON, in fewer bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import msgspec

from zenith_server.draft import Draft
from zenith_server.handlers.conditions import TAGGED, variant
from zenith_server.handlers.request import content_type, header
from zenith_server.plugin import Plugin
from zenith_server.problems import BadRequest
from zenith_server.protocol import Headers, Message, Receive, Scope, Send

TYPES = ("application/msgpack", "application/vnd.msgpack", "application/x-msgpack")
ACCEPT = (b"vary", b"Accept")
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Msgpack(Plugin):
    """Writes JSON answers as MessagePack where `Accept` prefers it, and reads such bodies.

    Each is made from the JSON or into it, so that a value looks the same in both: a time is text,
    and what an annotation leaves out is left out. A client that names neither gets JSON.
    """

    name = "msgpack"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        draft.hook(self.name, receive=read, send=negotiated, only="http")


def negotiated(scope: Scope, start: Message) -> Callable[[Send], Send] | None:
    """Return what writes a response as MessagePack, where it is JSON and the client prefers that.

    Every answer of which there is a choice says so to caches: `Vary: Accept`.
    """
    if not any(name == b"content-type" and _is_json(value) for name, value in start["headers"]):
        return None
    wanted = preferred(b",".join(v for k, v in scope["headers"] if k == b"accept"))
    if not wanted:
        start["headers"] = [*start["headers"], ACCEPT]
        return None
    return lambda send: Packed(send, wanted.encode(), is_tagged=TAGGED in scope).send


@lru_cache(maxsize=256)
def preferred(accept: bytes) -> str:
    """Return the type to answer with, if it is one of MessagePack (RFC 9110, 12.5.1).

    It is what the client names with no less weight than JSON, and JSON where it names both alike.

    Example:
        >>> preferred(b"application/msgpack, */*;q=0.5"), preferred(b"*/*")
        ('application/msgpack', '')
    """
    weights = _weights(accept.decode("latin-1").lower())
    packed = max(TYPES, key=lambda name: weights.get(name, 0.0))
    weight = weights.get(packed, 0.0)
    json = next((weights[name] for name in _JSON if name in weights), 0.0)
    is_preferred = weight > json or (weight == json and "application/json" not in weights)
    return packed if weight and is_preferred else ""


_JSON = ("application/json", "application/*", "*/*")


def _weights(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in accept.split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        given = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            found[name] = min(1.0, max(0.0, float(given)))
        except ValueError:
            found[name] = 1.0
    return found


class Packed:
    """Sends one response as MessagePack, once its JSON is there as a whole.

    Args:
        send: the server's.
        media: the content type that the client named.
        is_tagged: whether the tags that a client sends back are read by those who know ours.
    """

    def __init__(self, send: Send, media: bytes, *, is_tagged: bool) -> None:
        self._send = send
        self._media = media
        self._is_tagged = is_tagged
        self._start: Message = {}
        self._parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Keep what is not the last part."""
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(b"".join(self._parts))
        else:
            await self._send(message)

    async def _finish(self, data: bytes) -> None:
        body = msgspec.msgpack.encode(msgspec.json.decode(data)) if data else b""
        headers = self._headers()
        headers.append((b"content-length", b"%d" % len(body)))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _headers(self) -> Headers:
        replaced = (b"content-type", b"content-length")
        kept = [self._retagged(p) for p in self._start["headers"] if p[0] not in replaced]
        return [*kept, (b"content-type", self._media), ACCEPT]

    def _retagged(self, pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        name, value = pair
        if name != b"etag" or value.startswith(b"W/"):
            return pair
        return (name, variant(value, b"msgpack") if self._is_tagged else b"W/" + value)


def read(scope: Scope, receive: Receive) -> Receive:
    """Return what gives a body of MessagePack as JSON, which the handler reads as any other."""
    if scope["method"] in WITHOUT_BODY:
        return receive
    media, _ = content_type(header(scope, b"content-type") or b"")
    if media not in TYPES:
        return receive
    others = [p for p in scope["headers"] if p[0] not in (b"content-type", b"content-length")]
    scope["headers"] = [*others, (b"content-type", b"application/json")]
    is_over = False

    async def receive_json() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        parts: list[bytes] = []
        is_over = True
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return {"type": "http.request", "body": as_json(b"".join(parts))}

    return receive_json


def as_json(data: bytes) -> bytes:
    """Return MessagePack as JSON; nothing as nothing.

    Raises:
        BadRequest: it is malformed, or holds what JSON has no word for.
    """
    if not data:
        return b""
    try:
        value = msgspec.msgpack.decode(data)
        if not _is_finite(value):
            raise BadRequest("The body holds a number that is infinite, or none")
        return msgspec.json.encode(value)
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
        raise BadRequest(f"The body is not valid MessagePack: {error}") from None


def _is_finite(value: Any) -> bool:
    if value.__class__ is float:
        return math.isfinite(value)
    if value.__class__ is dict:
        return all(map(_is_finite, cast("dict[Any, Any]", value).values()))
    if value.__class__ is list:
        return all(map(_is_finite, cast("list[Any]", value)))
    return True


def _is_json(media: bytes) -> bool:
    kind = media.partition(b";")[0].strip().lower()
    return kind in {b"application/json", b"application/problem+json"}
