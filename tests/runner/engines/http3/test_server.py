"""Datagrams of any kind; how connections begin and end; how a worker leaves."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import ssl
import tracemalloc
from contextlib import AsyncExitStack, suppress
from typing import Any, cast

import pytest
from aioquic.h3.connection import ErrorCode
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.http3 import Cut, client
from tests.runner.engines.http3.conftest import Serve
from tests.runner.engines.http3.sample import app, until

ODD = [b"", b"\0", b"\xc0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1200, b"\x40" * 65_000]


async def test_what_is_no_quic_harms_nobody(serving: Serve) -> None:
    chance = random.Random(2)
    async with serving(app) as running, client(running.port) as asker:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bad:
            address = ("127.0.0.1", running.port)
            first = initial()
            for data in (*ODD, *(cut(first, chance) for _ in range(2000))):
                bad.sendto(data, address)
                await asyncio.sleep(0)
        assert (await asker.get("/")).status == 200
        async with client(running.port) as other:
            assert (await other.get("/")).status == 200
        await until(lambda: running.server.count == 1)


def initial(version: int | None = None) -> bytes:
    """Return the datagram that begins a connection."""
    configuration = QuicConfiguration(is_client=True, verify_mode=ssl.CERT_NONE)
    if version:
        configuration.original_version = version
        configuration.supported_versions = [version]
    begun = QuicConnection(configuration=configuration)
    begun.connect(("127.0.0.1", 1), now=0.0)
    return begun.datagrams_to_send(now=0.0)[0][0]


def cut(data: bytes, chance: random.Random) -> bytes:
    """Change some bytes of a datagram, or its length."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 8)):
        changed[chance.randrange(60)] = chance.randrange(256)
    return bytes(changed[: chance.choice([len(changed), 1200, 1199, 40])])


async def test_what_is_no_http3_costs_its_own_connection(serving: Serve) -> None:
    chance = random.Random(3)
    async with serving(app) as running, client(running.port) as good:
        for _ in range(60):
            async with client(running.port) as bad:
                for stream_id in sorted(chance.sample((0, 4, 2, 6, 10, 14), 3)):
                    bad._quic.send_stream_data(stream_id, chance.randbytes(chance.randrange(600)))
                bad.transmit()
                await asyncio.sleep(0.01)
        assert (await good.get("/")).status == 200
        await until(lambda: running.server.count == 1)


async def test_a_fault_of_ours_costs_its_own_connection_too(
    serving: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(app) as running, client(running.port) as bad:
        (connection,) = running.server._connections
        async with client(running.port) as good:
            cast("Any", connection._quic).receive_datagram = fault
            with suppress(Cut):
                bad.begin("GET", "/", last=True)
            await until(lambda: running.server.count == 1)
            assert (await good.get("/")).status == 200
    assert "The connection of 127.0.0.1 has failed" in caplog.text


def fault(*_: object) -> None:
    raise ValueError("on purpose")


async def test_a_flood_of_beginnings_leaves_nothing_behind(serving: Serve) -> None:
    async with serving(app) as running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bad:
            bad.setblocking(False)
            bad.connect(("127.0.0.1", running.port))
            first, flood = initial(), 5000
            answered = 0
            tracemalloc.start()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for number in range(flood):
                # Each by another client, as it says.
                bad.send(first[:6] + os.urandom(8) + first[14:])
                if number % 32 == 0:
                    await asyncio.sleep(0)
                    answered += drain(bad, len(first))
            await asyncio.sleep(0.1)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
        assert answered > 0
        assert not running.server._connections
        assert not running.server._ids
        assert grown < 200_000


def drain(bad: socket.socket, most: int) -> int:
    """Read what came, and see that it is less than what it answers (RFC 9000, 8.1)."""
    count = 0
    while True:
        try:
            assert len(bad.recv(65_536)) < most / 3
        except BlockingIOError:
            return count
        count += 1


async def test_another_version_is_told_which_there_are(serving: Serve) -> None:
    async with serving(app) as running:
        data = bytearray(initial())
        data[1:5] = b"\x0a\x0a\x0a\x0a"
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.setblocking(False)
            asker.connect(("127.0.0.1", running.port))
            asker.send(data)
            answer = await asyncio.wait_for(loop.sock_recv(asker, 2000), 5)
        assert answer[1:5] == b"\0\0\0\0"
        assert b"\0\0\0\x01" in answer


async def test_a_client_may_have_so_many_connections_and_no_more(serving: Serve) -> None:
    async with (
        serving(app, per_client=2) as running,
        client(running.port) as first,
        client(running.port) as second,
    ):
        with pytest.raises(ConnectionError):
            async with client(running.port):
                pass
        assert {(await each.get("/")).status for each in (first, second)} == {200}


async def test_a_worker_takes_no_more_connections_than_it_may(serving: Serve) -> None:
    async with serving(app, limit=1) as running, client(running.port) as first:
        with pytest.raises(ConnectionError):
            async with client(running.port):
                pass
        assert (await first.get("/")).status == 200


async def test_an_idle_connection_ends_and_says_so(serving: Serve) -> None:
    async with serving(app, idle=0.5) as running, client(running.port) as asker:
        assert (await asker.get("/")).status == 200
        await until(lambda: not running.server._connections)
        await until(lambda: asker.ended is not None)
        assert asker.told_to_leave
        assert asker.ended
        assert asker.ended.error_code == ErrorCode.H3_NO_ERROR


async def test_what_was_asked_is_answered_and_the_rest_is_told_so(serving: Serve) -> None:
    may_answer = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await may_answer.wait()
        await app(scope, receive, send)

    async with (
        serving(slow) as running,
        client(running.port) as asker,
        client(running.port) as idle,
    ):
        asked = asker.begin("GET", "/", last=True)
        await until(lambda: any(each._requests for each in running.server._connections))
        finishing = running.finish()
        await until(lambda: asker.told_to_leave and idle.ended)
        late = asker.begin("GET", "/", last=True)
        with pytest.raises(Cut) as cut_off:
            await asker.answer(late)
        assert cut_off.value.is_unseen
        with pytest.raises(ConnectionError):
            async with client(running.port):
                pass
        may_answer.set()
        assert (await asker.answer(asked)).status == 200
        await asyncio.wait_for(finishing, 5)
        await until(lambda: asker.ended)
        assert asker.ended
        assert asker.ended.error_code == ErrorCode.H3_NO_ERROR


async def test_clients_are_asked_to_leave_before_that(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        running.engine.warn()
        await until(lambda: asker.told_to_leave)
        # It is a request, no refusal.
        assert (await asker.get("/")).status == 200


async def test_to_break_off_ends_every_connection_at_once(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        asker.begin("POST", "/unread")
        await until(lambda: any(each._requests for each in running.server._connections))
        finishing = running.finish()
        await asyncio.sleep(0.05)
        finishing.cancel()
        await until(lambda: asker.ended)


async def test_a_datagram_reaches_the_worker_that_has_its_connection(serving: Serve) -> None:
    body = b"x" * 300_000
    async with serving(app) as first, AsyncExitStack() as stack:
        askers = [await stack.enter_async_context(client(first.port)) for _ in range(3)]
        with first.server._shared.dup() as same:
            async with serving(app, quic=same) as second:
                # The first leaves: what comes for its connections is read by the second alone.
                first.engine.stop_accepting()
                askers.append(await stack.enter_async_context(client(first.port)))
                for asker in askers:
                    assert bytes((await asker.post("/echo", body)).body) == body
                assert (first.server.count, second.server.count) == (3, 1)
