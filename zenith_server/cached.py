"""A response that is made once and known again by its ETag."""

from __future__ import annotations

from hashlib import sha256

from zenith_server.protocol import Headers, Receive, Scope, Send


class Cached:
    """Bytes with their ETag: sent whole, or as 304 to a client that has them (RFC 9110, 13.1.2).

    Args:
        body: the bytes.
        media: their content type.
        headers: further headers.

    Example:
        >>> async def get() -> Cached: return LOGO
    """

    status_code = 200

    def __init__(self, body: bytes, media: str, headers: Headers | None = None) -> None:
        self.body = body
        self.etag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
        self.kept: Headers = [(b"etag", self.etag), (b"cache-control", b"no-cache")]
        self.headers: Headers = [(b"content-type", media.encode()), *self.kept, *(headers or [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app)."""
        # Not above, because the command line knows this module and needs no msgspec.
        from zenith_server.reply import reply

        is_known = _names(scope["headers"], self.etag)
        answer = reply(304, self.kept) if is_known else reply(200, self.headers, self.body)
        await answer(scope, receive, send)


def _names(headers: Headers, etag: bytes) -> bool:
    """Whether If-None-Match has the tag; weak tags count too, as they do for GET."""
    given = [value for name, value in headers if name == b"if-none-match"]
    tags = [tag.strip().removeprefix(b"W/") for value in given for tag in value.split(b",")]
    return etag in tags or b"*" in tags
