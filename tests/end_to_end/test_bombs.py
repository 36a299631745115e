"""Requests that are small to send and large to read cost no more than twice their limit."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port
from zenith_server.runner.control import states
from zenith_server.runner.footprint import resident

MIB = 2**20
JSON_LIMIT, FORM_LIMIT, MESSAGE_LIMIT = 1 * MIB, 10 * MIB, 1 * MIB
# Granian has a limit of its own for a frame, which comes before ours and cannot be changed.
FRAME_LIMITS = {"hypercorn": MESSAGE_LIMIT, "granian": 16 * MIB}
# What a process takes for the first of anything, such as the modules that read forms.
SLACK = 6 * MIB
PROJECT = {
    "zenith.yaml": """
        server: {workers: 1}
        logging: {level: warning}
    """,
    "routes/json.py": """
        from typing import Any

        async def post(values: Any) -> int:
            return len(values)
    """,
    "routes/form.py": """
        from typing import Annotated
        from zenith_server import Form, UploadFile

        async def post(name: Annotated[str, Form()], file: UploadFile | None = None) -> str:
            return name
    """,
    "routes/socket.py": """
        from starlette.websockets import WebSocket

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            while True:
                await socket.send_json(len(await socket.receive_text()))
    """,
}
BOUNDARY = {"content-type": "multipart/form-data; boundary=x"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PART = b'--x\r\ncontent-disposition: form-data; name="name"\r\n\r\n\r\n'


def endless(piece: bytes) -> Iterator[bytes]:
    """Yield a body without a length, of a hundred times the limit."""
    for _ in range(100):
        yield piece


BOMBS: dict[str, tuple[str, dict[str, str], Callable[[], Any], int]] = {
    "nested lists": ("/json", JSON, lambda: b"[" * JSON_LIMIT, 400),
    "nested objects": ("/json", JSON, lambda: b'{"a":' * (JSON_LIMIT // 5), 400),
    "a long number": ("/json", JSON, lambda: b"[[" + b"9" * (JSON_LIMIT - 4) + b"]]", 422),
    "JSON beyond its limit": ("/json", JSON, lambda: b" " * (JSON_LIMIT + 1), 413),
    "endless JSON": ("/json", JSON, lambda: endless(b" " * JSON_LIMIT), 413),
    "JSON that is packed": (
        "/json",
        {**JSON, "content-encoding": "gzip"},
        lambda: b"\x1f\x8b" + b"\0" * 100,
        400,
    ),
    "many parts": ("/form", BOUNDARY, lambda: PART * (FORM_LIMIT // len(PART)), 400),
    "a part with a long head": (
        "/form",
        BOUNDARY,
        lambda: b"--x\r\ncontent-disposition: " + b"a" * (FORM_LIMIT - 100) + b"\r\n\r\n",
        400,
    ),
    "a form beyond its limit": ("/form", BOUNDARY, lambda: b"-" * (FORM_LIMIT + 1), 413),
    "an endless form": ("/form", BOUNDARY, lambda: endless(PART + b"a" * MIB), 413),
    "many fields": ("/form", FORM, lambda: b"a=&" * (FORM_LIMIT // 3), 400),
}


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Process, Path]]:
    folder = write_project(tmp_path_factory.mktemp("bombs") / "project", PROJECT)
    options = ["--env", "production", "--engine", request.param, "--host", "127.0.0.1"]
    env = {"PORT": str(free_port()), "ZENITH_SERVER__LAME_DUCK": "0", "ALLOWED_HOSTS": "127.0.0.1"}
    process = Process(folder, *options, env=env, cwd=folder)
    try:
        yield process.wait_until_serves(), folder
    finally:
        process.stop()


def worker(folder: Path) -> int:
    """Return the process that serves a project, once there is no other."""
    for _ in range(100):
        (state,) = states(folder)
        workers: Any = state["workers"]
        if [each["state"] for each in workers] == ["serving"]:
            return workers[0]["pid"]
        time.sleep(0.1)
    raise AssertionError("one worker alone does not serve")


def peak(pid: int) -> int:
    """Return the most bytes that a process has occupied since it was asked to forget."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def thrown(url: str, bomb: str) -> int:
    """Send a bomb and return the status of the answer; 0 if the connection was closed instead."""
    path, headers, body, _ = BOMBS[bomb]
    try:
        return httpx2.post(f"{url}{path}", headers=headers, content=body(), timeout=20).status_code
    except (httpx2.WriteError, httpx2.ReadError, httpx2.RemoteProtocolError):
        return 0


on_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")


@on_linux
@pytest.mark.parametrize("bomb", BOMBS)
def test_it_is_refused_and_takes_no_more_than_twice_its_limit(
    server: tuple[Process, Path], bomb: str
) -> None:
    process, folder = server
    path, _, _, status = BOMBS[bomb]
    pid = worker(folder)
    forget_peak(pid)
    before = resident(pid)
    assert thrown(process.url, bomb) in {status, 0}
    limit = JSON_LIMIT if path == "/json" else FORM_LIMIT
    assert peak(pid) - before <= 2 * limit + SLACK
    assert worker(folder) == pid


@on_linux
def test_nothing_of_them_is_left(server: tuple[Process, Path]) -> None:
    process, folder = server
    pid = worker(folder)
    for bomb in BOMBS:
        thrown(process.url, bomb)
    before, descriptors = resident(pid), len(list(Path(f"/proc/{pid}/fd").iterdir()))
    for bomb in [*BOMBS] * 3:
        thrown(process.url, bomb)
    assert resident(pid) - before <= SLACK
    assert len(list(Path(f"/proc/{pid}/fd").iterdir())) <= descriptors + 2


@on_linux
def test_messages_that_grow_when_they_are_unpacked_or_put_together_end_their_socket(
    server: tuple[Process, Path],
) -> None:
    process, folder = server
    url = process.url.replace("http", "ws") + "/socket"
    pid = worker(folder)
    forget_peak(pid)
    before = resident(pid)
    packed = "a" * (50 * MESSAGE_LIMIT)
    for message in (packed, (packed[: MESSAGE_LIMIT // 2] for _ in range(20))):
        with connect(url, compression="deflate", max_size=None) as client:
            try:
                client.send(message)
                client.recv(timeout=20)
            except (ConnectionClosed, ConnectionResetError) as error:
                closed = getattr(error, "rcvd", None)
                # Granian says no code where its own limit came first.
                assert closed is None or closed.code in {1009, 1005}
            else:
                raise AssertionError("it was taken")
    limit = next(limit for engine, limit in FRAME_LIMITS.items() if engine in process.output)
    assert peak(pid) - before <= 2 * limit + SLACK


def test_a_head_beyond_its_limit_is_refused(server: tuple[Process, Path]) -> None:
    address = urlsplit(server[0].url)
    for head in (b"x: " + b"a" * (4 * MIB), b"x: a\r\n" * 300_000):
        with socket.create_connection((address.hostname, address.port), 20) as raw:
            try:
                raw.sendall(b"GET /json HTTP/1.1\r\nhost: 127.0.0.1\r\n" + head + b"\r\n\r\n")
                answer = raw.recv(65_536)
            except (BrokenPipeError, ConnectionResetError):
                continue
            assert answer.split(b" ")[1][:1] == b"4" if answer else True
