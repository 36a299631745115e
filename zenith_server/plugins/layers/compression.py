"""Fewer bytes, with gzip: what every client and proxy understands."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

from anyio.to_thread import run_sync

from zenith_server.draft import Draft
from zenith_server.handlers.conditions import TAGGED, variant
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope, Send

# A smaller body fits into one packet either way.
SMALLEST = 1000
# A larger part takes long enough to be worth a thread.
LARGE = 128 * 1024
LEVEL = 6
GZIP_FORMAT = 16 + zlib.MAX_WBITS
NO_BODY = (204, 206, 304)
TYPES = (
    "application/javascript",
    "application/json",
    "application/msgpack",
    "application/wasm",
    "application/x-ndjson",
    "application/xml",
    "image/svg+xml",
)
ACCEPT_ENCODING = (b"vary", b"Accept-Encoding")


class Compression(Plugin):
    """Compresses text of 1,000 bytes or more for clients that take gzip.

    Left alone are event streams, whose parts must arrive at once, parts of files (206), and
    what is encoded already or marked `no-transform`.
    """

    name = "compression"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        draft.hook(self.name, send=compressed, smallest=SMALLEST, only="http")


def compressed(scope: Scope, start: Message) -> Callable[[Send], Send] | None:
    """Return what compresses a response, where it is worth it and the client takes it."""
    if not _is_worth_it(start):
        return None
    if _takes_gzip(scope):
        return lambda send: Gzip(send, is_tagged=TAGGED in scope).send
    start["headers"] = [*start["headers"], ACCEPT_ENCODING]
    return None


class Gzip:
    """Sends one response compressed; its start waits for the first part of the body.

    Args:
        send: the server's.
        is_tagged: whether the tags that a client sends back are read by those who know ours.
    """

    def __init__(self, send: Send, *, is_tagged: bool = False) -> None:
        self._retag = _varied if is_tagged else _weak
        self._start: Message | None = None
        self._send = send
        self._gzip = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_FORMAT)

    async def send(self, message: Message) -> None:
        """Send one part; each arrives whole, so that a stream stays one."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] == "http.response.body":
            is_last = not message.get("more_body", False)
            data = await self._compressed(message.get("body", b""), is_last=is_last)
            await self._send_start(len(data) if is_last else None)
            message = {**message, "body": data}
        elif message["type"] == "http.response.pathsend" and self._start is not None:
            # A file that the server sends by itself goes as it is.
            start, self._start = self._start, None
            await self._send(_with_headers(start, [*start["headers"], ACCEPT_ENCODING]))
        await self._send(message)

    async def _compressed(self, data: bytes, *, is_last: bool) -> bytes:
        if len(data) < LARGE:
            return self._compress(data, is_last=is_last)
        return await run_sync(lambda: self._compress(data, is_last=is_last))

    def _compress(self, data: bytes, *, is_last: bool) -> bytes:
        end = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
        return self._gzip.compress(data) + self._gzip.flush(end)

    async def _send_start(self, length: int | None) -> None:
        """Send the start that waits; `length` is known where the first part is the last."""
        if self._start is None:
            return
        headers = [
            self._retag(pair) for pair in self._start["headers"] if pair[0] != b"content-length"
        ]
        headers += [(b"content-encoding", b"gzip"), ACCEPT_ENCODING]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        start, self._start = self._start, None
        await self._send(_with_headers(start, headers))


def _is_worth_it(message: Message) -> bool:
    # First what sorts out most answers: nearly all are small.
    for name, value in message.get("headers", ()):
        if name == b"content-length" and int(value) < SMALLEST:
            return False
    headers = dict(message.get("headers", ()))
    return not (
        message["status"] in NO_BODY
        or b"content-encoding" in headers
        or b"no-transform" in headers.get(b"cache-control", b"")
        or not _is_text(headers.get(b"content-type", b""))
    )


@lru_cache(maxsize=256)
def _is_text(content_type: bytes) -> bool:
    media = content_type.decode("latin-1").partition(";")[0].strip().lower()
    if media == "text/event-stream":
        return False
    return media.startswith("text/") or media in TYPES or media.endswith(("+json", "+xml"))


def _takes_gzip(scope: Scope) -> bool:
    # The body of a HEAD's answer is gone by now, and with it the length that it would have.
    if scope["method"] == "HEAD":
        return False
    return accepts_gzip(b",".join(v for k, v in scope["headers"] if k == b"accept-encoding"))


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Return whether a client takes gzip (RFC 9110, 12.5.3).

    Example:
        >>> accepts_gzip(b"br, gzip;q=0")
        False
    """
    weights: dict[str, bool] = {}
    for entry in accept_encoding.decode("latin-1").lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        zero = any(p.startswith("q=") and not p[2:].strip("0.") for p in parameters)
        weights[coding] = not zero
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _varied(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A strong ETag of its own, because a client may change only what a strong one names."""
    name, value = pair
    is_strong = name == b"etag" and not value.startswith(b"W/")
    return (name, variant(value, b"gzip")) if is_strong else pair


def _weak(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """An ETag names the bytes as they were; weak, it still names what they say."""
    name, value = pair
    is_strong = name == b"etag" and not value.startswith(b"W/")
    return (name, b"W/" + value) if is_strong else pair


def _with_headers(message: Message, headers: Headers) -> Message:
    """A new message: handlers may send one that they keep."""
    return {**message, "headers": headers}
