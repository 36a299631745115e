"""The fork server that begins before the command line is read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.runner.serving import REPOSITORY
from zenith_server.runner.headstart import serves

LEFT = """
import os
from zenith_server.runner.headstart import headstart
with headstart():
    pass
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no process is left")
"""
TAKEN = """
import os
from zenith_server.runner.headstart import headstart, take
with headstart():
    pid, end = take()
end.close()
print(os.waitpid(pid, 0)[1])
"""


def done(source: str) -> list[str]:
    command = [sys.executable, "-c", source]
    ran = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=50
    )
    assert ran.stderr == ""
    return ran.stdout.splitlines()


@pytest.mark.parametrize("words", [[], ["run"], ["dev", "shop"], ["."], ["--port", "80"]])
def test_a_command_that_serves_gets_one(words: list[str]) -> None:
    assert serves(words)


@pytest.mark.parametrize("words", [["check"], ["--help"], ["run", "--help"], ["no-such-folder"]])
def test_others_do_not(words: list[str]) -> None:
    assert not serves(words)


def test_one_that_nobody_takes_ends_with_the_block() -> None:
    assert done(LEFT) == ["no process is left"]


def test_one_that_is_taken_ends_with_its_supervisor() -> None:
    assert done(TAKEN) == ["0"]
