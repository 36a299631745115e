"""An ASGI app with everything that an engine has to get right; copied into projects as `app.py`."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

NOTES = Path(__file__).with_name("notes.txt")


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    else:
        await PATHS.get(scope["path"], hello)(scope, receive, send)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    scope["state"]["greeting"] = "from the lifespan"
    note("startup")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    note("shutdown")
    await send({"type": "lifespan.shutdown.complete"})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, b"hello", (b"content-length", b"5"))


async def state(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, scope["state"]["greeting"].encode())


async def pid(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, str(os.getpid()).encode())


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message.get("more_body", False)
    await respond(send, body)


async def stream(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"one ", b"two ", b"three"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b""})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        while True:
            await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})
            await asyncio.sleep(0.05)
    finally:
        note("endless ended")


async def slow(scope: Any, receive: Any, send: Any) -> None:
    note("slow began")
    await asyncio.sleep(1)
    await respond(send, b"slow")


async def stuck(scope: Any, receive: Any, send: Any) -> None:
    note("stuck began")
    try:
        await asyncio.sleep(600)
    finally:
        note("stuck ended")


async def blocked(scope: Any, receive: Any, send: Any) -> None:
    note("blocked began")
    time.sleep(600)  # noqa: ASYNC251


async def gone(scope: Any, receive: Any, send: Any) -> None:
    note("gone began")
    while (await receive())["type"] != "http.disconnect":
        pass
    note("client went")


async def die(scope: Any, receive: Any, send: Any) -> None:
    os._exit(9)


async def fail(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("the handler failed")


async def websocket(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    note("websocket open")
    while (message := await receive())["type"] == "websocket.receive":
        content = {name: message[name] for name in ("text", "bytes") if message.get(name)}
        await send({"type": "websocket.send", **content})


async def respond(send: Any, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": list(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def note(text: str) -> None:
    """Append a line to a file that outlives the process."""
    with NOTES.open("a") as file:
        file.write(f"{text}\n")


PATHS = {
    "/state": state,
    "/pid": pid,
    "/echo": echo,
    "/stream": stream,
    "/endless": endless,
    "/slow": slow,
    "/stuck": stuck,
    "/blocked": blocked,
    "/gone": gone,
    "/die": die,
    "/fail": fail,
}
