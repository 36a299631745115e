from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX
from tests.projects import write_project
from tests.served import Served
from zenith_server.boot import boot
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.environment import Environment
from zenith_server.plan import Check, Origin
from zenith_server.plugins.health import FRESH, Results
from zenith_server.settings import read_settings

URLS = ("/health/live", "/health/ready", "/health/startup", "/health")
PARTS = {
    **INDEX,
    "plugins/parts.py": """
        from zenith_server.plugin import Plugin

        class Parts(Plugin):
            name = "parts"

            def setup(self, draft):
                draft.check("store", store)
                draft.check("queue", queue)

        async def store():
            return "3 files"

        async def queue():
            raise ConnectionError("refused at 10.0.0.7")
    """,
}


def check(name: str, call: Callable[[], Awaitable[str]]) -> Check:
    return Check(name, call, Origin("test"))


def unstarted(folder: Path, files: Mapping[str, str]) -> Served:
    environment = Environment("test", "from the test")
    root = write_project(folder / "project", files)
    return Served(boot(read_settings(root, environment=environment, environ={})))


async def test_every_url_answers_get_and_head_and_is_never_cached(serve: Server) -> None:
    app = await serve(INDEX)
    for url in URLS:
        answer, head = await app.get(url), await app.request("HEAD", url)
        assert (answer.status, answer.json()["status"]) == (200, "pass")
        assert (head.status, head.body) == (200, b"")
        assert answer.header("cache-control") == "no-store"
        assert answer.header("content-type") == "application/json"


async def test_another_method_is_refused(serve: Server) -> None:
    answer = await (await serve(INDEX)).post("/health/ready")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")


async def test_a_part_that_fails_makes_ready_503_and_leaves_live_alone(serve: Server) -> None:
    app = await serve(PARTS)
    statuses = {url: (await app.get(url)).status for url in URLS}
    assert statuses == {
        "/health/live": 200,
        "/health/ready": 503,
        "/health/startup": 200,
        "/health": 503,
    }


async def test_details_name_each_check_with_its_time_and_its_error(serve: Server) -> None:
    checks = (await (await serve(PARTS)).get("/health")).json()["checks"]
    assert [checks[name].pop("time_ms") >= 0 for name in ("store", "queue")] == [True, True]
    assert checks == {
        "store": {"status": "pass", "detail": "3 files"},
        "queue": {"status": "fail", "detail": "ConnectionError: refused at 10.0.0.7"},
    }


async def test_in_production_nobody_learns_which_part_fails(serve: Server) -> None:
    answer = await (await serve(PARTS, "production")).get("/health")
    assert (answer.status, answer.json()) == (503, {"status": "fail"})


async def test_before_the_start_nothing_is_ready_and_no_check_runs(tmp_path: Path) -> None:
    app = unstarted(tmp_path, PARTS)
    statuses = {url: (await app.get(url)).status for url in URLS}
    assert statuses == {
        "/health/live": 200,
        "/health/ready": 503,
        "/health/startup": 503,
        "/health": 503,
    }
    assert (await app.get("/health")).json()["checks"] == {}


async def test_after_the_stop_nothing_is_ready(tmp_path: Path) -> None:
    app = await unstarted(tmp_path, INDEX).start()
    await app.stop()
    assert (await app.get("/health/ready")).status == 503


async def test_a_process_that_was_told_to_stop_is_alive_and_not_ready(serve: Server) -> None:
    app = await serve(INDEX)
    assert isinstance(app.app, Dispatcher)
    app.app.drain()
    statuses = {url: (await app.get(url)).status for url in URLS}
    assert statuses == {
        "/health/live": 200,
        "/health/ready": 503,
        "/health/startup": 200,
        "/health": 503,
    }


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_all_who_ask_at_once_wait_for_one_run() -> None:
    runs = 0

    async def slow() -> str:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.05)
        return ""

    results = Results([check("slow", slow)])
    answers = await asyncio.gather(*(results.current() for _ in range(50)))
    assert runs == 1
    assert all(answer["slow"].passed for answer in answers)


async def test_a_result_is_kept_for_a_second() -> None:
    clock, runs = Clock(), 0

    async def counted() -> str:
        nonlocal runs
        runs += 1
        return str(runs)

    results = Results([check("counted", counted)], clock)
    assert (await results.current())["counted"].detail == "1"
    clock.now += FRESH - 0.1
    assert (await results.current())["counted"].detail == "1"
    clock.now += 0.1
    assert (await results.current())["counted"].detail == "2"


async def test_a_probe_that_goes_away_leaves_the_run_to_the_others() -> None:
    may_end = asyncio.Event()

    async def waiting() -> str:
        await may_end.wait()
        return "done"

    results = Results([check("waiting", waiting)])
    first, second = (asyncio.create_task(results.current()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    may_end.set()
    assert (await second)["waiting"].detail == "done"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_check_that_hangs_fails_and_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zenith_server.plugins.health.TIMEOUT", 0.05)

    async def hanging() -> str:
        await asyncio.sleep(30)
        return ""

    async def quick() -> str:
        return "quick"

    results = await Results([check("hanging", hanging), check("quick", quick)]).current()
    assert (results["hanging"].passed, results["hanging"].detail) == (False, "no answer in 0.05 s")
    assert results["hanging"].seconds >= 0.05
    assert results["quick"].passed


async def test_a_failure_and_its_end_are_logged_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "zenith_server.health")
    clock, is_well = Clock(), False

    async def changing() -> str:
        if not is_well:
            raise RuntimeError("away")
        return ""

    results = Results([check("part", changing)], clock)
    for well in (False, False, True, True):
        is_well = well
        await results.current()
        clock.now += FRESH
    assert [record.getMessage() for record in caplog.records] == [
        "The check part fails: RuntimeError: away",
        "The check part passes again",
    ]


def test_a_run_that_died_with_its_loop_is_not_waited_for() -> None:
    clock = Clock()

    async def slow() -> str:
        await asyncio.sleep(0.05)
        return "done"

    results = Results([check("slow", slow)], clock)

    async def ask_and_leave() -> None:
        asyncio.get_running_loop().call_soon(asyncio.ensure_future, results.current())
        await asyncio.sleep(0.01)

    asyncio.run(ask_and_leave())
    assert asyncio.run(results.current())["slow"].detail == "done"
