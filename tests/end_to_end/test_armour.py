"""What a project is protected from in production, on both engines, through real sockets."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.conftest import ZenithStarter
from tests.processes import Process
from tests.projects import write_project

PROJECT = {
    "zenith.yaml": """
        server: {workers: 1, lame_duck: 0s, grace: 3s}
        requests: {body_timeout: 2s, concurrency: 2, queue: 2, websocket_limit: 1000}
        connections: {head_limit: 16 KiB}
    """,
    "routes/index.py": """
        import asyncio
        from starlette.requests import Request
        from starlette.websockets import WebSocket
        from zenith_server import body_limit

        async def get() -> str:
            await asyncio.sleep(2)
            return "done"

        async def put() -> str:
            return "not read"

        @body_limit("2 kB")
        async def post(request: Request) -> int:
            return len(await request.body())

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            async for text in socket.iter_text():
                await socket.send_text(text)
    """,
}
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(params=["hypercorn", "granian"])
def server(request: pytest.FixtureRequest, zenith: ZenithStarter, tmp_path: Path) -> Process:
    folder = write_project(tmp_path / "shop", PROJECT)
    return zenith(folder, "--engine", request.param, "--env", "production")


def answer_to(server: Process, request: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection ends."""
    address = urlsplit(server.url)
    answer = b""
    with socket.create_connection((address.hostname, address.port), 15) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        with suppress(ConnectionResetError):
            while data := connection.recv(65536):
                answer += data
    return answer


def test_what_is_too_much_too_slow_or_too_large_is_refused(server: Process) -> None:
    slow = HEAD + b"Content-Length: 90\r\n\r\n{"
    began = time.monotonic()
    assert answer_to(server, slow).startswith(b"HTTP/1.1 408")
    assert 1.5 < time.monotonic() - began < 6

    large = HEAD + b"Content-Length: 2001\r\nConnection: close\r\n\r\n" + b"x" * 2001
    assert answer_to(server, large).startswith(b"HTTP/1.1 413")
    head = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunk = b"7d1\r\n" + b"x" * 2001 + b"\r\n0\r\n\r\n"
    assert answer_to(server, head + chunk).startswith(b"HTTP/1.1 413")
    # Nobody reads this one, and the client gets its answer all the same.
    unread = b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n"
    assert answer_to(server, unread + b"x" * 3_000_000).startswith(b"HTTP/1.1 200")

    head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    assert answer_to(server, head).startswith(b"HTTP/1.1 431")
    many = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 101 + b"\r\n"
    assert answer_to(server, many).startswith(b"HTTP/1.1 431")
    url = b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert answer_to(server, url)[9:12] in (b"414", b"431")


def test_more_at_a_time_than_can_be_done_is_put_off(server: Process) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx2.get(server.url, timeout=30), range(8)))
    busy = [answer for answer in answers if answer.status_code == 503]
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [503] * 4
    assert {answer.headers["retry-after"] for answer in busy} == {"1"}
    with connect(server.url.replace("http", "ws")) as websocket:
        websocket.send("x" * 1000)
        assert websocket.recv() == "x" * 1000
        websocket.send("x" * 1001)
        with pytest.raises(ConnectionClosedError) as closed:
            websocket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
