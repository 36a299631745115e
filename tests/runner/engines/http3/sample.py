"""An app that does what the path says, for tests of HTTP/3."""

from __future__ import annotations

import asyncio
from typing import Any

MEGABYTE = 2**20
seen: list[Any] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Do what the path says."""
    seen.append(scope)
    path = scope["path"]
    if path == "/unread":
        await asyncio.sleep(60)
    if path == "/fails":
        raise RuntimeError("on purpose")
    if path == "/silent":
        return
    body, more = b"", path in ("/echo", "/gone")
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            seen.append("gone")
            return
        body += message["body"]
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    if path == "/fails-late":
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        raise RuntimeError("on purpose")
    if path == "/endless":
        while not await is_gone(receive):
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        seen.append("gone")
        return
    answer = b"x" * MEGABYTE if path == "/large" else body or b"ok"
    await send({"type": "http.response.body", "body": answer})


async def is_gone(receive: Any) -> bool:
    try:
        async with asyncio.timeout(0.001):
            return (await receive())["type"] == "http.disconnect"
    except TimeoutError:
        return False


async def until(condition: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
