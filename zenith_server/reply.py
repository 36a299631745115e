"""A whole response, as nearly every request gets one."""

from __future__ import annotations

import msgspec

from zenith_server.protocol import Headers, Receive, Scope, Send

WITHOUT_BODY = (204, 304)
SMALL = 1024
LENGTHS = [(b"content-length", b"%d" % size) for size in range(SMALL)]
"""The header of most answers, made beforehand: printing a number is dear among what is left."""


class Reply(msgspec.Struct, gc=False):
    """A whole response.

    A struct, and not frozen: each request makes one, and a dataclass takes four times as long.

    Args:
        status: the HTTP status.
        headers: all of them, Content-Length too where there is a body.
        body: the bytes.
    """

    status: int
    headers: Headers
    body: bytes = b""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it (an ASGI app), as the two messages that carry a response."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def reply(status: int, headers: Headers, body: bytes = b"") -> Reply:
    """Return a whole response with its length; 204 and 304 have no body (RFC 9110, 15.3.5).

    Example:
        >>> reply(204, []).status
        204
    """
    if status in WITHOUT_BODY:
        return Reply(status, headers)
    size = len(body)
    length = LENGTHS[size] if size < SMALL else (b"content-length", b"%d" % size)
    return Reply(status, [*headers, length], body)
