"""What people read when a command fails: each folder is a project with a `session.txt`.

A session is what a person would see: a command behind `$`, all that it printed, its exit code.
`<folder>` stands for the folder that the project is in; `<port>` for a port that is in use,
`<free>` for one that is not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest

from tests.processes import environment

HERE = Path(__file__).parent
PRODUCTION = {"ZENITH_ENV": "production", "ALLOWED_HOSTS": "example.com", "WEB_CONCURRENCY": "1"}
WRITE = os.environ.get("ZENITH_TEST_WRITE_SESSIONS") == "yes"


@pytest.fixture
def used_port() -> Iterator[int]:
    with create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("case", sorted(folder.name for folder in HERE.glob("command_*/")))
def test_the_session_of(case: str, tmp_path: Path, used_port: int) -> None:
    shutil.copytree(HERE / case, tmp_path / "project")
    session = HERE / case / "session.txt"
    (tmp_path / "project/session.txt").unlink()
    expected = session.read_text("utf-8")
    commands = re.findall(r"^\$ (.*)$", expected, re.MULTILINE)
    printed = "\n".join(transcript(command, tmp_path, used_port) for command in commands)
    if WRITE:
        session.write_text(printed, "utf-8")
    assert printed == expected


def transcript(command: str, folder: Path, used_port: int) -> str:
    """Run a command in a folder; return what a person sees, without what differs each time."""
    done = run(command.replace("<port>", str(used_port)), folder)
    text = done.stdout.replace(str(folder.resolve()), "<folder>")
    text = text.replace(str(used_port), "<port>")
    text = re.sub(r"--port \d+", "--port <free>", text)
    text = re.sub(r"It is held by process \d+ \(.*\)\.", "Another process listens on it.", text)
    text = re.sub(r'"time":"[^"]*"', '"time":"<time>"', text)
    # Each Python marks other parts of a line in a traceback.
    text = re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)
    return f"$ {command}\n{text}exit {done.returncode}\n"


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `[NAME=value …] zenith-server …` as a process, its two outputs in one."""
    before, _, after = command.partition("zenith-server")
    variables = {name: value for name, _, value in (word.partition("=") for word in before.split())}
    return subprocess.run(
        [sys.executable, "-m", "zenith_server", *after.split()],
        cwd=folder,
        env=environment({"HOST": "127.0.0.1", "PORT": "0", **PRODUCTION, **variables}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )
