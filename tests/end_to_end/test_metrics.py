"""What several workers counted is told as one, whoever of them is asked, on both engines."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ZenithStarter
from tests.processes import Process
from tests.projects import write_project

PROJECT = {
    "zenith.yaml": "server: {workers: 2}\nmetrics: {token: for-the-scraper}\n",
    "routes/index.py": """
        import os

        async def get() -> int:
            return os.getpid()
    """,
    "routes/stuck.py": """
        import time

        async def post() -> None:
            time.sleep(5)
    """,
}
HEADERS = {"authorization": "Bearer for-the-scraper"}
COUNTED = 'http_requests_total{method="GET",route="/",status="2xx"}'


@pytest.fixture(params=["granian", "hypercorn"])
def server(request: pytest.FixtureRequest, zenith: ZenithStarter, tmp_path: Path) -> Process:
    folder = write_project(tmp_path / "project", PROJECT)
    return zenith(folder, env={"ZENITH_SERVER__ENGINE": request.param})


def figures(server: Process) -> dict[str, float]:
    answer = httpx2.get(f"{server.url}/metrics", headers=HEADERS)
    assert answer.status_code == 200, answer.text
    pairs = [line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, value in pairs}


def ask_until_all_answered(server: Process) -> tuple[int, set[int]]:
    """Return how many requests there were, and who answered them."""
    pids: set[int] = set()
    for number in range(1, 500):
        pids.add(httpx2.get(server.url).json())  # a connection each, so that they are shared out
        if len(pids) == 2:
            return number, pids
    raise AssertionError("one worker answered everything")


def test_every_worker_tells_the_whole(server: Process) -> None:
    number, pids = ask_until_all_answered(server)
    for _ in range(6):
        assert figures(server)[COUNTED] == number
    assert workers(server) == {f'http_requests_in_flight{{pid="{pid}"}}' for pid in pids}


def workers(server: Process) -> set[str]:
    """Return the process ids that are told of."""
    return {name for name in figures(server) if name.startswith("http_requests_in_flight")}


def wait_for_new_ones(server: Process, known: set[str], kept: int) -> None:
    """Wait until two workers are told of, of whom no more than `kept` were known."""
    deadline = time.monotonic() + 20
    while len(found := workers(server)) != 2 or len(found & known) > kept:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_what_a_worker_counted_outlives_it(server: Process) -> None:
    number, pids = ask_until_all_answered(server)
    first = workers(server)
    os.kill(min(pids), signal.SIGKILL)
    server.wait_for("starting another")
    wait_for_new_ones(server, first, kept=1)
    assert figures(server)[COUNTED] == number
    second = workers(server)
    server.send(signal.SIGHUP)
    wait_for_new_ones(server, second, kept=0)
    assert figures(server)[COUNTED] == number


def test_a_blocked_worker_is_counted_too(server: Process) -> None:
    number, _ = ask_until_all_answered(server)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{server.url}/stuck", timeout=0.3)
    for _ in range(20):
        try:
            answer = httpx2.get(f"{server.url}/metrics", headers=HEADERS, timeout=0.8)
        except httpx2.ReadTimeout:  # the system gave the connection to the blocked worker
            continue
        assert f"{COUNTED} {float(number)}" in answer.text
        return
    raise AssertionError("the other worker never answered")
