from __future__ import annotations

import subprocess
import sys

from tests.runner.serving import REPOSITORY

REAPING = """
import os
from zenith_server.runner.orphans import reap
reap()
if (child := os.fork()) == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
reap()
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("none left")
"""
ASKING = "from zenith_server.runner.orphans import has_terminal; print(has_terminal())"


def run(source: str, *, session: bool = False) -> str:
    command = [sys.executable, "-c", source]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=session,
    )
    return done.stdout.strip()


def test_ended_children_are_collected() -> None:
    assert run(REAPING) == "none left"


def test_a_session_of_its_own_has_no_terminal() -> None:
    assert run(ASKING, session=True) == "False"
