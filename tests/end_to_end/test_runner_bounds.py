"""A stop ends in time, whatever handlers and clients do."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.runner.serving import SAMPLE_APP, Runner

ENGINES = ("hypercorn", "granian")
LAME_DUCK, GRACE = 0.3, 0.7
LONGEST = LAME_DUCK + GRACE + 1
FLOOD = """
async def flood(scope, receive, send):
    note("flood began")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
PATHS["/flood"] = flood
"""


def stop_takes(runner: Runner) -> float:
    """Return the seconds from SIGTERM to the end of the supervisor."""
    began = time.monotonic()
    runner.stop(signal.SIGTERM)
    return time.monotonic() - began


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_with_every_kind_of_laggard_ends_within_its_bound(
    tmp_path: Path, engine: str
) -> None:
    (tmp_path / "app.py").write_text(SAMPLE_APP + FLOOD)
    with (
        Runner(tmp_path, engine=engine, lame_duck=LAME_DUCK, grace=GRACE) as runner,
        ExitStack() as stack,
    ):
        runner.ready()
        for path, length in [("/stuck", 0), ("/flood", 0), ("/endless", 0), ("/stuck", 100_000)]:
            raw = stack.enter_context(runner.connection())
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            raw.sendall(head.encode() + b"x" * (length // 2))
        stack.enter_context(connect(runner.url.replace("http", "ws")))
        for _ in range(50):
            stack.enter_context(runner.connection())
        runner.noted("stuck began", 2).noted("flood began").noted("websocket open")
        assert stop_takes(runner) < LONGEST
        assert runner.processes() == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_with_a_blocked_loop_ends_within_its_bound(tmp_path: Path, engine: str) -> None:
    with (
        Runner(tmp_path, engine=engine, lame_duck=LAME_DUCK, grace=GRACE) as runner,
        runner.ready().connection() as raw,
    ):
        raw.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stop_takes(runner.noted("blocked began")) < LONGEST
        assert (runner.popen.returncode, runner.processes()) == (5, [])
