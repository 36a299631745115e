"""Workers that are blocked, due, too many or too few."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from tests.runner.serving import SAMPLE_APP, Runner
from zenith_server.runner.control import states

ENGINES = ("hypercorn", "granian")


def worker_pids(runner: Runner) -> list[int]:
    """The workers that serve."""
    return [worker["pid"] for worker in workers(runner) if worker["state"] == "serving"]


def workers(runner: Runner) -> list[dict[str, Any]]:
    (state,) = states(runner.folder)
    return cast("list[dict[str, Any]]", state["workers"])


def block(runner: Runner) -> threading.Thread:
    """Ask for what blocks the loop, in the background."""

    def ask() -> None:
        with pytest.raises(httpx2.TransportError):
            runner.get("/blocked")

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@pytest.mark.parametrize("engine", ENGINES)
def test_a_blocked_loop_is_named_within_two_seconds_and_replaced_at_the_limit(
    tmp_path: Path, engine: str
) -> None:
    limit = 4.0
    with Runner(tmp_path, engine=engine, workers=2, worker_timeout=limit) as runner:
        before = set(worker_pids(runner.ready()))
        asking = block(runner.noted("startup", 2))
        runner.noted("blocked began")
        began = time.monotonic()
        runner.says("its event loop is blocked")
        assert time.monotonic() - began < 2
        first = re.search(r"blocked\n  at (\S+) in (\S+)", runner.output)
        line = (
            (tmp_path / "app.py")
            .read_text()
            .splitlines()
            .index("    time.sleep(600)  # noqa: ASYNC251")
        )
        assert first is not None
        assert first.groups() == (f"app.py:{line + 1}", "blocked")
        runner.until(lambda: len(set(worker_pids(runner)) - before) == 1, "replaced")
        assert limit * 0.9 < time.monotonic() - began < limit * 1.1 + 0.3
        asking.join(30)
        assert runner.stop() == 0


def ask_quickly(runner: Runner) -> float:
    """Return the seconds that an answer took on a connection of its own."""
    began = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", runner.port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    connection.close()
    return time.perf_counter() - began


@pytest.mark.parametrize("engine", ENGINES)
def test_others_answer_at_once_while_one_loop_is_blocked(tmp_path: Path, engine: str) -> None:
    with Runner(tmp_path, engine=engine, workers=2, worker_timeout=4) as runner:
        asking = block(runner.ready())
        runner.noted("blocked began")
        # Until it is noticed, Granian accepts connections for the blocked loop too.
        time.sleep(0.6)
        taken = sorted(ask_quickly(runner) for _ in range(200))
        assert taken[197] < 0.05
        asking.join(30)


def test_a_loop_that_goes_on_is_given_connections_again(tmp_path: Path) -> None:
    text = SAMPLE_APP.replace("time.sleep(600)", "time.sleep(1.6)")
    (tmp_path / "app.py").write_text(text)
    with Runner(tmp_path, engine="granian", workers=2) as runner:
        runner.ready().get("/blocked")
        runner.says("answers again, after 1.")

        def has_new_requests() -> bool:
            before = {worker["pid"]: worker["requests"] for worker in workers(runner)}
            for _ in range(40):
                ask_quickly(runner)
            time.sleep(0.3)
            return all(worker["requests"] > before[worker["pid"]] for worker in workers(runner))

        runner.until(has_new_requests, "accepting again")


def test_a_loop_that_goes_on_is_said_to(tmp_path: Path) -> None:
    with Runner(tmp_path) as runner:
        text = (tmp_path / "app.py").read_text().replace("time.sleep(600)", "time.sleep(1.6)")
        runner.ready().save("app.py", text)
        runner.send(signal.SIGHUP)
        runner.says("reloaded in").get("/blocked")
        runner.says("answers again, after 1.")


def test_workers_are_exchanged_after_their_requests_and_none_is_lost(tmp_path: Path) -> None:
    with Runner(tmp_path, max_requests=50) as runner:
        first = worker_pids(runner.ready())
        deadline = time.monotonic() + 20
        while "(server.max_requests)" not in runner.output and time.monotonic() < deadline:
            assert runner.get().text == "hello"
        runner.until(lambda: worker_pids(runner) != first, "exchanged")
        had = re.search(r"has had (\d+) requests \(server.max_requests\)", runner.output)
        assert had is not None
        assert int(had[1]) >= 45


GROW = """
async def grow(scope, receive, send):
    global held
    held = b"x" * 200_000_000
    await respond(send, b"grown")
PATHS["/grow"] = grow
"""


def test_a_worker_that_grows_is_exchanged(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SAMPLE_APP + GROW)
    with Runner(tmp_path, max_memory=150_000_000) as runner:
        first = worker_pids(runner.ready())
        time.sleep(0.2)
        assert runner.get("/grow").text == "grown"
        runner.says("MiB (server.max_memory); starting another")
        runner.until(lambda: worker_pids(runner) not in ([], first), "exchanged")


def test_a_limit_of_memory_below_what_a_start_needs_is_told_and_does_nothing(
    tmp_path: Path,
) -> None:
    with Runner(tmp_path, max_memory=1_000_000) as runner:
        first = worker_pids(runner.ready())
        runner.says("Set server.max_memory higher")
        time.sleep(1.5)
        assert worker_pids(runner) == first


def test_signals_add_and_remove_a_worker(tmp_path: Path) -> None:
    with Runner(tmp_path) as runner:
        (first,) = worker_pids(runner.ready())
        runner.send(signal.SIGTTIN)
        runner.until(lambda: len(worker_pids(runner)) == 2, "two")
        runner.send(signal.SIGTTOU)
        runner.until(lambda: len(workers(runner)) == 1, "one")
        assert worker_pids(runner) != [first]
        runner.send(signal.SIGTTOU)
        runner.says("one worker is the least")
        assert runner.get().text == "hello"


def test_old_workers_that_die_after_a_failed_replacement_are_replaced(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2) as runner:
        good = (tmp_path / "app.py").read_text()
        first, second = worker_pids(runner.ready())
        runner.save("app.py", "1 / 0\n")
        runner.send(signal.SIGHUP)
        runner.says("The workers that were serving go on serving.").save("app.py", good)
        os.kill(first, signal.SIGKILL)
        runner.until(lambda: len({*worker_pids(runner)} - {first}) == 2, "two again")
        assert second in worker_pids(runner)


def test_a_stop_while_further_workers_start_is_clean(tmp_path: Path) -> None:
    slow = "import os, time\nif os.path.exists('slow'): time.sleep(30)\n"
    with Runner(tmp_path) as runner:
        text = (tmp_path / "app.py").read_text()
        marker = str(tmp_path / "slow")
        runner.ready().save("app.py", slow.replace("slow'", f"{marker}'", 1) + text)
        (tmp_path / "slow").touch()
        runner.send(signal.SIGTTIN)
        runner.until(lambda: "starting" in {w["state"] for w in workers(runner)}, "starting")
        began = time.monotonic()
        assert runner.stop() == 0
        assert time.monotonic() - began < 10
