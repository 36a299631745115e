"""Clients that say nothing, take nothing, or hold too many connections, on both engines."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.runner.serving import Runner

SIZE = 6 * 2**20
ENGINES = ("hypercorn", "granian")
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"HTTP/1.1 200"
LARGE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    size = 6 * 2**20 if scope["path"] == "/large" else 2
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-length", str(size).encode())]})
    await send({"type": "http.response.body", "body": b"x" * size})
"""


@pytest.fixture(scope="module", params=ENGINES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(LARGE)
    limits = {"idle": 1.0, "stalled": 1.5, "min_rate": 10_000}
    with Runner(folder, engine=request.param, **limits) as runner:
        yield runner.ready()


@contextmanager
def taking(server: Runner) -> Iterator[socket.socket]:
    """A client with little room that has asked for a large answer."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(10)
        raw.connect(("127.0.0.1", server.port))
        raw.sendall(GET.replace(b"/", b"/large", 1))
        yield raw


def seconds_until_closed(raw: socket.socket) -> float:
    began = time.monotonic()
    with suppress(ConnectionResetError):
        while raw.recv(65536):
            pass
    return time.monotonic() - began


def taken_in_sips(raw: socket.socket, sip: int = 500) -> int:
    """How many bytes arrive until the connection is reset."""
    taken = 0
    with suppress(ConnectionResetError):
        while data := raw.recv(sip):
            taken += len(data)
            time.sleep(0.1)
    return taken


def answered(raw: socket.socket) -> bytes:
    raw.settimeout(10)
    raw.sendall(GET)
    return raw.recv(12)


def test_connections_end_with_silence_half_a_head_and_idleness(server: Runner) -> None:
    with ExitStack() as stack:
        silent, slow, idle = (stack.enter_context(server.connection()) for _ in range(3))
        slow.sendall(GET[:-4])
        assert answered(idle) == ANSWER
        times = [seconds_until_closed(raw) for raw in (silent, slow, idle)]
    assert times[0] > 0.5
    assert sum(times) < 4


def test_a_client_that_takes_nothing_or_only_sips_is_left(server: Runner) -> None:
    with taking(server) as still, taking(server) as sipping:
        began = time.monotonic()
        assert taken_in_sips(sipping) < SIZE
        assert time.monotonic() - began < 10
        assert taken_in_sips(still, 65536) < SIZE


def test_a_client_that_is_slow_but_takes_it_all_gets_it_all(server: Runner) -> None:
    with server.connection() as raw:
        raw.sendall(GET.replace(b"/", b"/large", 1))
        taken, began = 0, time.monotonic()
        while taken < SIZE:
            taken += len(raw.recv(100_000))
            time.sleep(0.04)
        assert time.monotonic() - began > 2


def test_many_idle_connections_shut_nobody_out(server: Runner) -> None:
    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(server.connection())
        with server.connection() as raw:
            assert answered(raw) == ANSWER


@pytest.mark.parametrize("engine", ENGINES)
def test_connections_beyond_the_limit_wait_their_turn(tmp_path: Path, engine: str) -> None:
    (tmp_path / "app.py").write_text(LARGE)
    with Runner(tmp_path, engine=engine, limit=5) as runner, ExitStack() as stack:
        runner.ready()
        held = [stack.enter_context(runner.connection()) for _ in range(5)]
        assert [answered(raw) for raw in held] == [ANSWER] * 5
        with runner.connection() as waiting:
            waiting.settimeout(0.5)
            waiting.sendall(GET)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            held[0].close()
            waiting.settimeout(10)
            assert waiting.recv(12) == ANSWER
