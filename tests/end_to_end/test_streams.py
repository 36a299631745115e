"""A stream ends when its client goes away, on both engines."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest

from tests.conftest import ZenithStarter
from tests.processes import Process
from tests.projects import write_project

PROJECT = {
    "events.py": "events = []\n",
    "routes/ticks.py": """
        import asyncio
        from collections.abc import AsyncIterator
        from events import events
        from zenith_server import Depends

        async def _opened():
            yield
            events.append("dependency")

        async def get(opened=Depends(_opened)) -> AsyncIterator[int]:
            number = 0
            try:
                while True:
                    yield (number := number + 1)
                    await asyncio.sleep(0.01)
            finally:
                await asyncio.sleep(0.01)
                events.append("stream")

        def post():
            yield from ("one", "two")
        """,
    "routes/events.py": """
        from events import events

        async def get() -> list[str]:
            return events
        """,
}


@pytest.fixture(params=["hypercorn", "granian"])
def server(
    request: pytest.FixtureRequest, zenith: ZenithStarter, tmp_path_factory: pytest.TempPathFactory
) -> Process:
    folder = write_project(tmp_path_factory.mktemp("streams") / "project", PROJECT)
    return zenith("run", folder, "--env", "test", "--engine", request.param, "--workers", "1")


def connect(server: Process) -> http.client.HTTPConnection:
    address = urlsplit(server.url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)


def asked(server: Process, method: str, url: str) -> bytes:
    connection = connect(server)
    connection.request(method, url)
    body = connection.getresponse().read()
    connection.close()
    return body


def test_a_stream_is_closed_when_its_client_goes_away(server: Process) -> None:
    connection = connect(server)
    connection.request("GET", "/ticks")
    response = connection.getresponse()
    assert [response.readline() for _ in range(3)] == [b"1\n", b"2\n", b"3\n"]
    response.close()
    connection.close()
    deadline = time.monotonic() + 20
    while asked(server, "GET", "/events") != b'["stream"]' and time.monotonic() < deadline:
        time.sleep(0.05)
    assert asked(server, "GET", "/events") == b'["stream"]'
    assert "Traceback" not in server.output


def test_a_stream_arrives_whole(server: Process) -> None:
    assert asked(server, "POST", "/ticks") == b"onetwo"
