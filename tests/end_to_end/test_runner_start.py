"""The start: the port first, the preparation once, and the truth about both."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.serving import REPOSITORY, SAMPLE_APP, Runner

SLOW = "import time\ndef prepare(settings):\n    {}\n    return [('database', 'ready')]\n"


def preparing(folder: Path, statement: str) -> None:
    (folder / "prepare.py").write_text(SLOW.format(statement))


def test_the_banner_says_what_serves_where(tmp_path: Path) -> None:
    preparing(tmp_path, "pass")
    with Runner(tmp_path, workers=2, person=True) as runner:
        output = runner.ready().output
    for told in ("production (from the test)", runner.url, "hypercorn", "× 2 workers", "database"):
        assert told in output


def test_a_port_in_use_names_its_holder_and_another_port(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as holder,
        Runner(tmp_path, port=holder.getsockname()[1]) as runner,
    ):
        assert runner.wait() == 4
    assert "already in use" in runner.output
    assert f"process {os.getpid()} (" in runner.output
    assert "--port" in runner.output
    assert "Traceback" not in runner.output


def test_the_port_is_answered_while_the_preparation_takes_long(tmp_path: Path) -> None:
    preparing(tmp_path, "time.sleep(2.5)")
    with Runner(tmp_path) as runner:
        runner.until(lambda: runner.text() != "", "answering at all")
        live, other = runner.get("/health/live"), runner.get("/")
        assert (live.status_code, other.status_code) == (200, 503)
        assert other.headers["retry-after"] == "1"
        assert other.headers["content-type"] == "application/problem+json"
        assert "ready in" not in runner.output
        runner.answers("hello")
        assert runner.stop() == 0


def test_the_preparation_runs_once_for_many_workers(tmp_path: Path) -> None:
    preparing(tmp_path, "open(settings.root / 'prepared.txt', 'a').write('x')")
    with Runner(tmp_path, workers=3) as runner:
        runner.ready()
    assert (tmp_path / "prepared.txt").read_text() == "x"


def test_a_preparation_that_fails_stops_the_start(tmp_path: Path) -> None:
    preparing(tmp_path, "raise RuntimeError('migration 3 failed')")
    with Runner(tmp_path) as runner:
        assert runner.wait() == 1
    assert "migration 3 failed" in runner.output
    assert "ready in" not in runner.output


def test_a_preparation_that_fails_in_development_is_tried_again(tmp_path: Path) -> None:
    preparing(tmp_path, "raise RuntimeError('migration 3 failed')")
    with Runner(tmp_path, environment="development", reload=True) as runner:
        runner.says("migration 3 failed").until(lambda: "migration 3" in runner.text(), "shown")
        preparing(tmp_path, "pass")
        runner.answers("hello")


def test_a_save_does_not_cut_off_a_preparation(tmp_path: Path) -> None:
    preparing(tmp_path, "time.sleep(1.5); open(settings.root / 'data.txt', 'a').write('x')")
    with Runner(tmp_path, environment="development", reload=True) as runner:
        time.sleep(0.8)
        runner.save("other.py", "")
        runner.answers("hello")
        assert (tmp_path / "data.txt").read_text() in ("x", "xx")


def test_broken_code_stops_the_start_with_the_project_s_own_lines(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("def go():\n    1 / 0\n\ngo()\n")
    with Runner(tmp_path) as runner:
        assert runner.wait() == 1
    files = [line.split('"')[1] for line in runner.output.splitlines() if '  File "' in line]
    assert {Path(file).parent for file in files} == {tmp_path}
    assert "helper.py" in runner.output


CLOSING_TERMINAL = """
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-m", "tests.runner", *sys.argv[1:]])
output = b""
while b"ready in" not in output:
    output += os.read(terminal, 4096)
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_closed_terminal_ends_the_server(tmp_path: Path, environment: str) -> None:
    (tmp_path / "app.py").write_text(SAMPLE_APP)
    command = [sys.executable, "-c", CLOSING_TERMINAL, str(tmp_path)]
    options = json.dumps({"environment": environment})
    done = subprocess.run([*command, options], cwd=REPOSITORY, timeout=60, check=False)
    assert done.returncode == 0


def test_the_socket_listens_before_the_project_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{SAMPLE_APP}\ntime.sleep(1.5)\n")
    with Runner(tmp_path) as runner:
        runner.until(runner.connects, "listening")
        assert "ready in" not in runner.output
        runner.answers("hello")
