"""A hand-written ASGI function: what the work itself costs."""

from __future__ import annotations

from typing import Any

import msgspec

encode = msgspec.json.encode


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with the same object."""
    body = encode({"message": "Hello, world!"})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


CASES = ("json",)


def make(_routes: int = 0) -> Any:
    """Return the app."""
    return app
