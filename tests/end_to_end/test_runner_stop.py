"""Stopping and replacing workers: nothing is lost, and nothing waits without bound."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.runner.serving import Runner

ENGINES = ("hypercorn", "granian")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_exit_code_of_a_clean_stop_is_zero(tmp_path: Path, number: signal.Signals) -> None:
    with Runner(tmp_path, workers=2) as runner:
        assert runner.ready().stop(number) == 0
        assert "Traceback" not in runner.output
        assert runner.processes() == []


def test_ctrl_c_reaches_the_whole_group_and_is_still_clean(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2) as runner:
        os.killpg(runner.ready().popen.pid, signal.SIGINT)
        assert runner.wait() == 0
        assert "Traceback" not in runner.output


def test_a_second_signal_does_not_wait_for_requests(tmp_path: Path) -> None:
    with Runner(tmp_path, grace=60) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
        runner.noted("stuck began").send(signal.SIGTERM)
        time.sleep(0.5)
        assert runner.popen.poll() is None
        began = time.monotonic()
        assert runner.stop() == 0
        assert time.monotonic() - began < 15
        assert runner.notes[-1] == "shutdown"


def test_a_worker_that_hangs_is_killed_and_the_exit_code_tells(tmp_path: Path) -> None:
    with Runner(tmp_path, grace=0.3) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        assert runner.noted("blocked began").stop() == 5
        assert time.monotonic() - began < 15
        assert runner.processes() == []


def test_connections_are_accepted_while_the_lame_duck_time_lasts(tmp_path: Path) -> None:
    with Runner(tmp_path, lame_duck=1.5) as runner:
        runner.ready().send(signal.SIGTERM)
        time.sleep(0.3)
        assert runner.get().text == "hello"
        assert runner.wait() == 0


def test_stopping_during_the_start_is_clean(tmp_path: Path) -> None:
    sign = tmp_path / "loading"
    loading = f"import pathlib, time\npathlib.Path({str(sign)!r}).touch()\ntime.sleep(60)\n"
    (tmp_path / "app.py").write_text(loading)
    with Runner(tmp_path) as runner:
        runner.until(sign.exists, "loading")
        assert runner.stop() == 0
        assert runner.processes() == []


def test_a_signal_to_every_process_drains_as_one_to_the_supervisor_does(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2, lame_duck=1) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        os.killpg(runner.noted("slow began").popen.pid, signal.SIGTERM)
        time.sleep(0.3)
        assert runner.get().text == "hello"
        assert runner.wait() == 0
        assert b"slow" in b"".join(iter(lambda: raw.recv(65536), b""))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_sends_websockets_elsewhere_each_at_its_own_moment(
    tmp_path: Path, engine: str
) -> None:
    with Runner(tmp_path, engine=engine, grace=3) as runner, ExitStack() as stack:
        url = runner.ready().url.replace("http", "ws")
        sockets = [stack.enter_context(connect(url)) for _ in range(6)]
        with ThreadPoolExecutor(len(sockets)) as pool:
            ends = [pool.submit(end_of, each) for each in sockets]
            runner.noted("websocket open", 6).send(signal.SIGTERM)
            codes, moments = zip(*(end.result() for end in ends), strict=True)
        assert set(codes) == {1012}
        assert max(moments) - min(moments) > 0.05
        assert runner.wait() == 0


def end_of(websocket: ClientConnection) -> tuple[int | None, float]:
    """How a connection was closed, and when."""
    with pytest.raises(ConnectionClosed) as closed:
        websocket.recv(timeout=20)
    return closed.value.rcvd and closed.value.rcvd.code, time.monotonic()
