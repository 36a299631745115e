from __future__ import annotations

import asyncio
import time
from typing import Any

from zenith_server.protocol import Message
from zenith_server.runner.gate import Gate


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/stuck":
        await asyncio.sleep(600)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": scope["state"]["greeting"]})


async def ask(gate: Gate, path: str = "/", version: str = "1.1") -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await gate({"type": "http", "path": path, "http_version": version}, receive, send)
    return sent


async def test_each_request_gets_a_copy_of_the_state() -> None:
    assert (await ask(Gate(app, {"greeting": b"hello"})))[1]["body"] == b"hello"


async def test_only_a_closing_gate_asks_clients_to_leave() -> None:
    gate = Gate(app, {"greeting": b""})
    open_headers = (await ask(gate))[0]["headers"]
    gate.closing = True
    assert (open_headers, (await ask(gate))[0]["headers"]) == (
        [(b"x", b"y")],
        [(b"x", b"y"), (b"connection", b"close")],
    )


async def test_http_2_has_no_connection_header() -> None:
    gate = Gate(app, {"greeting": b""})
    gate.closing = True
    assert (await ask(gate, version="2"))[0]["headers"] == [(b"x", b"y")]


async def test_settling_waits_for_a_quiet_moment() -> None:
    gate = Gate(app, {"greeting": b""})

    async def busy() -> None:
        for _ in range(5):
            await asyncio.sleep(0.05)
            await ask(gate)

    asking = asyncio.ensure_future(busy())
    await gate.settle(0.2, 10)
    assert asking.done()


async def test_settling_takes_no_longer_than_it_may() -> None:
    gate = Gate(app, {"greeting": b""})
    began = time.monotonic()
    await gate.settle(20, 0.1)
    assert time.monotonic() - began < 10


async def test_requests_in_flight_can_be_cancelled() -> None:
    gate = Gate(app, {"greeting": b""})
    request = asyncio.ensure_future(ask(gate, "/stuck"))
    await asyncio.sleep(0)
    await gate.cancel(5)
    assert request.cancelled()
    await gate.cancel(5)
