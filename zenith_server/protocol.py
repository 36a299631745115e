"""The types of the ASGI protocol, and the few words of it that are written everywhere.

Source: https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


_WITHOUT_BODY = (204, 304)


class Reply(NamedTuple):
    """A whole response: the two messages that carry it."""

    start: Message
    body: Message

    async def to(self, send: Send) -> None:
        """Send it."""
        await send(self.start)
        await send(self.body)


def reply(status: int, headers: Headers, body: bytes = b"") -> Reply:
    """Return a whole response with its length; 204 and 304 have no body (RFC 9110, 15.3.5).

    Example:
        >>> reply(204, []).start["status"]
        204
    """
    if status in _WITHOUT_BODY:
        body = b""
    else:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    return Reply(
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )
