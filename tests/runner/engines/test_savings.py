"""What is saved for each request on Hypercorn changes nothing that a client sees."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hypercorn.config
import pytest

from tests.runner.program import settings_from
from zenith_server.runner.engines import savings
from zenith_server.runner.engines.hypercorn import Hypercorn

GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
Raw = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Any, receive: Any, send: Any) -> None:
    length = (b"content-length", b"2")
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    if scope["path"] == "/late":
        await asyncio.sleep(0.3)
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"ok"})


@asynccontextmanager
async def connected(idle: float = 60.0) -> AsyncGenerator[tuple[Hypercorn, Raw]]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    engine = Hypercorn(settings_from(Path(), {"idle": idle}))
    engine.start(app, listener, 16)
    with listener:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        yield engine, (reader, writer)
        engine.stop_accepting()
        async with asyncio.timeout(5):
            await engine.finish()
        writer.close()


async def test_an_answer_is_one_packet() -> None:
    async with connected() as (_, (reader, writer)):
        writer.write(GET % b"/")
        assert (await reader.read(2**16)).endswith(b"\r\n\r\nok")


async def test_a_head_does_not_wait_for_a_body_that_comes_later() -> None:
    async with connected() as (_, (reader, writer)):
        writer.write(GET % b"/late")
        assert (await reader.read(2**16)).endswith(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"ok"


async def test_an_answer_without_a_body_is_its_head() -> None:
    async with connected() as (_, (reader, writer)):
        writer.write((GET % b"/").replace(b"GET", b"HEAD"))
        assert b"content-length: 2" in await reader.readuntil(b"\r\n\r\n")


async def test_a_connection_is_closed_when_it_was_idle_for_too_long() -> None:
    async with connected(idle=0.2) as (_, (reader, writer)):
        for _ in range(2):
            # This takes longer than it may be idle.
            writer.write(GET % b"/late")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        assert await reader.read() == b""


async def test_idle_connections_are_closed_at_the_end_and_busy_ones_after_their_answer() -> None:
    async with connected() as (engine, (reader, writer)):
        writer.write(GET % b"/late")
        await reader.readuntil(b"\r\n\r\n")
        await engine.finish()
        assert await reader.read() == b"ok"


def test_the_date_is_that_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    config = savings.Dated()
    dates: list[dict[bytes, bytes]] = []
    for moment in (0.0, 0.9, 1.0):
        for module in (savings, hypercorn.config):
            monkeypatch.setattr(module, "time", lambda moment=moment: moment)
        dates.append(dict(config.response_headers("h11")))
    assert [date[b"date"][-12:] for date in dates] == [b"00:00:00 GMT"] * 2 + [b"00:00:01 GMT"]
