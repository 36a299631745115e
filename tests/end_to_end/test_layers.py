"""The layers of production on both engines, through real sockets."""

from __future__ import annotations

import gzip
import json
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import ZenithStarter
from tests.processes import Process
from tests.projects import write_project

PROJECT = {
    "zenith.yaml": """
        server: {workers: 1}
        requests: {timeout: 1s, form_limit: 1 MiB}
        cors: {origins: ["https://page.example"]}
        security:
          allowed_hosts: ["127.0.0.1", shop.example]
          trusted_proxies: [127.0.0.1]
    """,
    "routes/index.py": """
        from starlette.requests import Request
        from starlette.websockets import WebSocket

        async def get() -> str:
            return "x" * 2000

        async def post(request: Request) -> int:
            return len(await request.body())

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text("open")
            await socket.close()
    """,
    "routes/stuck.py": """
        import asyncio

        async def get():
            await asyncio.sleep(60)
    """,
    "routes/half.py": """
        async def get():
            yield "first"
            raise RuntimeError("no second")
    """,
}


@pytest.fixture(params=["granian", "hypercorn"])
def production(request: pytest.FixtureRequest, zenith: ZenithStarter, tmp_path: Path) -> Process:
    folder = write_project(tmp_path / "project", PROJECT)
    options = ["--env", "production", "--engine", request.param, "--host", "127.0.0.1"]
    return zenith(folder, *options, env={"ZENITH_SERVER__LAME_DUCK": "3s"})


def lines(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.output.splitlines() if line.startswith("{")]


def test_an_answer_is_compressed_guarded_readable_and_logged(production: Process) -> None:
    headers = {"x-forwarded-for": "6.6.6.6, 203.0.113.9", "x-forwarded-proto": "https"}
    asked = {**headers, "origin": "https://page.example", "accept-encoding": "gzip"}
    with httpx2.stream("GET", f"{production.url}/?token=secret", headers=asked) as answer:
        body = b"".join(answer.iter_raw())
    assert json.loads(gzip.decompress(body)) == "x" * 2000
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["access-control-allow-origin"] == "https://page.example"
    assert answer.headers["x-content-type-options"] == "nosniff"
    production.wait_for("zenith_server.access")
    [line] = [line for line in lines(production) if line["logger"] == "zenith_server.access"]
    assert (line["path"], line["status"], line["bytes"]) == ("/", 200, len(body))
    assert line["client"] == "203.0.113.9"
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in production.output


def test_what_may_not_pass_gets_a_problem_document(production: Process) -> None:
    url = production.url
    answers = {
        421: httpx2.get(url, headers={"host": "evil.example"}),
        413: httpx2.post(url, content=b"x" * 20_000_000, timeout=30),
        503: httpx2.get(f"{url}/stuck", timeout=30),
    }
    for status, answer in answers.items():
        assert answer.status_code == answer.json()["status"] == status
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    chunks = (b"x" * 100_000 for _ in range(200))
    assert httpx2.post(url, content=chunks, timeout=30).status_code == 413
    assert httpx2.get(url).status_code == 200


def test_an_answer_that_breaks_off_is_in_the_log_with_its_id(production: Process) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"{production.url}/half")
    production.wait_for('"path":"/half"')
    [failure] = [line for line in lines(production) if line["logger"] == "zenith_server"]
    [access] = [line for line in lines(production) if line["logger"] == "zenith_server.access"]
    assert f"GET /half failed half-way, request {access['request_id']}" == failure["message"]
    assert "RuntimeError: no second" in failure["error"]


def test_only_our_own_pages_open_a_websocket(production: Process) -> None:
    url = production.url.replace("http", "ws")
    for origin in (None, production.url, "https://page.example"):
        with connect(url, origin=origin) as socket:  # type: ignore[arg-type]
            assert socket.recv() == "open"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


def test_a_process_that_was_told_to_stop_is_alive_not_ready_and_still_answers(
    production: Process,
) -> None:
    url = production.url
    assert httpx2.get(f"{url}/health/ready").status_code == 200
    production.send(signal.SIGTERM)
    deadline = time.monotonic() + 2.5
    while httpx2.get(f"{url}/health/ready").status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert httpx2.get(f"{url}/health/ready").status_code == 503
    assert httpx2.get(f"{url}/health/live").status_code == 200
    assert httpx2.get(url).status_code == 200
    assert production.wait() == 0
