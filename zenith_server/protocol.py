"""The types of the ASGI protocol, and the few words of it that are written everywhere.

Source: https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


WITHOUT_BODY = (204, 304)


@dataclass(slots=True)
class Reply:
    """A whole response.

    Not frozen: each request makes one, and that would triple its price.

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
    return Reply(status, [*headers, (b"content-length", b"%d" % len(body))], body)
