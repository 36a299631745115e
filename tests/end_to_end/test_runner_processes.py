"""Workers, fork server and supervisor that die: what is left goes on, or goes too."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.runner.serving import SAMPLE_APP, Runner


def kill(runner: Runner, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    assert pid in runner.processes()
    os.kill(pid, number)


def worker_of(runner: Runner) -> int:
    return int(runner.get("/pid").text)


@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
def test_a_killed_worker_is_replaced(tmp_path: Path, engine: str) -> None:
    with Runner(tmp_path, engine=engine) as runner:
        lost = worker_of(runner.ready())
        kill(runner, lost)
        runner.says("was killed by SIGKILL; starting another")
        assert worker_of(runner) != lost
        assert runner.stop() == 0


def test_a_handler_that_ends_its_process_costs_that_request_alone(tmp_path: Path) -> None:
    with Runner(tmp_path) as runner:
        for _ in range(3):
            with pytest.raises(httpx2.TransportError):
                runner.ready().get("/die")
            assert runner.get().text == "hello"
            time.sleep(1.1)
        assert runner.stop() == 0


def test_a_worker_told_to_stop_by_hand_drains_and_is_replaced(tmp_path: Path) -> None:
    with Runner(tmp_path) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        kill(runner.noted("slow began"), worker_of(runner), signal.SIGTERM)
        assert b"slow" in b"".join(iter(lambda: raw.recv(65536), b""))
        runner.says("was asked to stop; starting another")
        assert runner.get().text == "hello"


def test_workers_that_die_one_after_another_end_the_runner(tmp_path: Path) -> None:
    crash = "import os, threading\nthreading.Timer(0.1, os._exit, [7]).start()\n"
    with Runner(tmp_path, backoff=0.2) as runner:
        runner.ready().save("app.py", crash + (tmp_path / "app.py").read_text())
        with pytest.raises(httpx2.TransportError):
            runner.get("/die")
        assert runner.wait() == 3
        assert "No worker stays alive" in runner.output


def test_workers_end_with_a_killed_supervisor_even_when_blocked(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\n\r\n")
        runner.noted("blocked began").popen.kill()
        runner.wait()
        runner.until(lambda: runner.processes() == [], "rid of all processes")


def test_a_killed_fork_server_is_replaced_without_a_gap(tmp_path: Path) -> None:
    with Runner(tmp_path) as runner:
        worker = worker_of(runner.ready())
        (fork_server,) = set(runner.processes()) - {runner.popen.pid, worker}
        kill(runner, fork_server)
        assert runner.get().text == "hello"
        runner.says("reloaded in")
        assert worker_of(runner) != worker
        runner.until(lambda: worker not in runner.processes(), "rid of the old worker")
        assert runner.stop() == 0


def test_sighup_replaces_the_workers_with_the_new_code(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2) as runner:
        text = (tmp_path / "app.py").read_text()
        runner.ready().save(
            "app.py", text.replace('b"hello"', 'b"changed"').replace('b"5"', 'b"7"')
        )
        assert runner.text() == "hello"
        runner.send(signal.SIGHUP)
        runner.says("reloaded in").answers("changed")
        assert len(runner.says("reloaded in").notes) >= 4


def test_sighup_keeps_the_workers_when_the_new_code_does_not_start(tmp_path: Path) -> None:
    with Runner(tmp_path, workers=2) as runner:
        before = worker_of(runner.ready())
        runner.save("app.py", "1 / 0\n")
        runner.send(signal.SIGHUP)
        runner.says("The workers that were serving go on serving.")
        assert "ZeroDivisionError" in runner.output
        pids = {worker_of(runner) for _ in range(20)}
        assert before in pids or runner.get().text == "hello"
        assert runner.stop() == 0


def test_orphans_of_others_are_collected(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux lets a process other than PID 1 inherit orphans")
    subreaper = (
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    orphan = (
        "import os\nif os.fork() == 0:\n    if os.fork() == 0:\n"
        "        os.execlp('sleep', 'sleep', '0.2')\n    os._exit(0)\nos.wait()\n"
    )
    (tmp_path / "app.py").write_text(SAMPLE_APP + orphan)
    with Runner(tmp_path, sys.executable, "-c", subreaper) as runner:
        parent = runner.ready().popen.pid
        time.sleep(1)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        states = [Path(f"/proc/{pid}/stat").read_text().split()[2] for pid in children]
        assert "Z" not in states
        assert runner.stop() == 0


def test_a_signal_to_the_whole_group_stops_everything_without_a_word_of_others(
    tmp_path: Path,
) -> None:
    with Runner(tmp_path, workers=2) as runner:
        runner.ready()
        os.killpg(runner.popen.pid, signal.SIGTERM)
        runner.popen.wait(20)
        assert "starting another" not in runner.output
        assert (runner.popen.returncode, runner.processes()) == (0, [])
