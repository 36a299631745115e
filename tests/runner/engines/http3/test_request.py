"""What clients of HTTP/3 meet, good ones and bad ones."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aioquic.h3.connection import ErrorCode

from tests.http3 import Client, Cut, Full, client
from tests.runner.engines.http3.conftest import Serve
from tests.runner.engines.http3.sample import MEGABYTE, app, seen, until
from tests.servers import free_port
from zenith_server.runner.engines.http3 import transport


async def test_a_request_is_what_the_app_sees_of_other_protocols_too(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        cookies = [(b"cookie", b"a=1"), (b"cookie", b"b=2")]
        answer = await asker.get("/a%20b?c=d", [*cookies, (b"x-mine", b"2")])
    scope = seen.pop()
    assert (answer.status, bytes(answer.body), answer.header("x-own")) == (200, b"ok", "1")
    assert answer.header("date")
    assert answer.header("alt-svc") == f'h3=":{running.port}"; ma=86400'
    assert scope["http_version"] == "3"
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b", b"/a%20b", b"c=d")
    assert scope["client"][0] == "127.0.0.1"
    assert scope["server"] == ("127.0.0.1", running.port)
    mine = [(b"host", b"localhost"), (b"x-mine", b"2"), (b"cookie", b"a=1; b=2")]
    assert scope["headers"] == mine


async def test_bodies_of_any_size_go_both_ways(serving: Serve) -> None:
    body = random.Random(1).randbytes(MEGABYTE)
    async with serving(app) as running, client(running.port) as asker:
        assert bytes((await asker.post("/echo", body)).body) == body
        assert len((await asker.get("/large")).body) == MEGABYTE
        assert not (await asker.ask("HEAD", "/large")).body


async def test_many_requests_at_once_and_more_than_fit_at_once(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        answers = await asyncio.gather(*(asker.post("/echo", b"%d" % n) for n in range(300)))
        assert [int(answer.body) for answer in answers] == list(range(300))


async def test_an_unread_body_stops_nobody_else(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as bad, client(running.port) as good:
        await send_in_parts(bad)
        assert (await good.get("/")).status == 200
        assert (await bad.get("/")).status == 200


async def test_on_hypercorn_as_it_is_an_unread_body_stops_everybody(
    certificate: Path, tmp_path: Path
) -> None:
    with plain_hypercorn(certificate, tmp_path) as port:
        async with client(port) as bad, client(port) as good:
            assert (await good.get("/")).status == 200
            await send_in_parts(bad)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(good.get("/"), 2)


async def send_in_parts(bad: Client) -> None:
    stream = bad.begin("POST", "/unread")
    for _ in range(40):
        bad.go_on(stream, b"x" * 1000)
        await asyncio.sleep(0.01)


PLAIN = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/unread":
        await asyncio.sleep(60)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


@contextmanager
def plain_hypercorn(certificate: Path, folder: Path) -> Iterator[int]:
    """Run Hypercorn by its own command."""
    (folder / "plain.py").write_text(PLAIN)
    port, pair = free_port(), str(certificate / "both.pem")
    address = f"127.0.0.1:{port}"
    options = ["--certfile", pair, "--keyfile", pair, "--bind", address, "--quic-bind", address]
    command = [sys.executable, "-m", "hypercorn", *options, "plain:app"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.kill()


async def test_a_body_that_nobody_reads_is_not_let_in(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as bad:
        streams = [bad.begin("POST", "/unread") for _ in range(8)]
        for stream in streams:
            bad.go_on(stream, b"x" * MEGABYTE)
        await asyncio.sleep(1)
        (connection,) = running.server._connections
        held = sum(connection._quic.held.values())
        assert bad.sent <= 1.5 * transport.CONNECTION_WINDOW
        assert 0.5 * transport.CONNECTION_WINDOW < held <= transport.CONNECTION_WINDOW


async def test_an_answer_before_the_end_of_its_body_stops_the_rest(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        for _ in range(150):
            stream = asker.begin("POST", "/")
            asker.go_on(stream, b"x" * 1000)
            assert (await asker.answer(stream)).status == 200
            await until(lambda stream=stream: stream in asker.stopped)
        assert (await asker.get("/")).status == 200


async def test_a_client_that_never_reads_is_bounded_and_cut_off(serving: Serve) -> None:
    limits = {"stalled": 1.0, "min_rate": 1000}
    windows = {"max_data": 400_000, "max_stream_data": 20_000}
    async with serving(app, **limits) as running:
        async with (
            client(running.port, Full, "127.0.0.1", **windows) as bad,
            client(running.port) as good,
        ):
            streams = [bad.begin("GET", "/large", last=True) for _ in range(10)]
            await asyncio.sleep(0.5)
            connection = next(each for each in running.server._connections if each._requests)
            assert connection._quic.backlog() < transport.CONNECTION_BACKLOG + 20 * 16 * 1024
            assert (await good.get("/large")).status == 200
            for stream in streams:
                with pytest.raises(Cut):
                    await bad.answer(stream)
        await until(lambda: not running.server._connections)


async def test_a_slow_stream_of_small_pieces_is_not_taken_for_a_stall(serving: Serve) -> None:
    async def ticking(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(60):
            await send({"type": "http.response.body", "body": b".", "more_body": number < 59})
            await asyncio.sleep(0.05)

    async with (
        serving(ticking, stalled=0.5, min_rate=1000) as running,
        client(running.port) as asker,
    ):
        assert len((await asker.get("/")).body) == 60


@pytest.mark.parametrize("how", ["forget", "close", "vanish"])
async def test_the_app_hears_of_a_client_that_leaves(serving: Serve, how: str) -> None:
    async with serving(app) as running:
        running.server._configuration.idle_timeout = 2.0
        async with client(running.port) as asker:
            stream = asker.begin("POST", "/gone")
            asker.go_on(stream, b"some")
            await until(lambda: seen and seen[-1] != "gone")
            getattr(asker, how)(*([stream] if how == "forget" else []))
            await until(lambda: seen[-1] == "gone")
        await until(lambda: not running.server._connections)


async def test_an_endless_answer_ends_with_its_client(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        stream = asker.begin("GET", "/endless", last=True)
        await until(lambda: len(asker.answers[stream].body) > 5000)
        asker.forget(stream)
        await until(lambda: seen[-1] == "gone")


async def test_what_fails_in_the_app_fails_alone(serving: Serve) -> None:
    async with serving(app) as running, client(running.port) as asker:
        assert (await asker.get("/fails")).status == 500
        assert (await asker.get("/silent")).status == 500
        with pytest.raises(Cut) as cut:
            await asker.get("/fails-late")
        assert cut.value.code == ErrorCode.H3_INTERNAL_ERROR
        assert (await asker.get("/")).status == 200


# Heads

FIELDS = {b":method": b"GET", b":scheme": b"https", b":authority": b"localhost", b":path": b"/"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({b":path": b"nowhere"}, 400),
        ({b":path": b"*"}, 400),
        ({b":path": b"/\x7f"}, 400),
        ({b":scheme": b"http"}, 400),
        ({b":authority": b"a/b"}, 400),
        ({b":authority": b"u@localhost"}, 400),
        ({b"host": b"elsewhere"}, 400),
        ({b":method": b"G T"}, 400),
        ({b":method": b"CONNECT"}, 501),
        ({b":method": b"CONNECT", b":protocol": b"websocket"}, 501),
        ({b"content-length": b"+0"}, 400),
        ({b"x-control": b"a\x01b"}, 400),
        ({b"x-%d" % number: b"" for number in range(101)}, 431),
        ({b"x-%d" % number: b"x" * 1000 for number in range(70)}, 431),
        ({b"x-%d" % number: b"x" * 1000 for number in range(90)}, None),
        ({b":authority": b""}, None),
        ({b"X-UPPER": b""}, None),
        ({b"transfer-encoding": b"chunked"}, None),
        ({b"x-lines": b"a\nb"}, None),
        ({b":status": b"200"}, None),
    ],
)
async def test_a_head_that_is_none_is_refused(
    serving: Serve, changed: dict[bytes, bytes], status: int | None
) -> None:
    fields = FIELDS | changed
    own = sorted(fields.items(), key=lambda pair: not pair[0].startswith(b":"))
    seen.clear()
    async with serving(app) as running, client(running.port) as asker:
        answer = asker.answer(asker.begin_with(own, last=True))
        if status is None:
            with pytest.raises(Cut):
                await answer
        else:
            assert (await answer).status == status
            assert (await asker.get("/")).status == 200
    assert [scope["headers"] for scope in seen] == [[(b"host", b"localhost")]] * bool(status)
