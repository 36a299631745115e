from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.commands import Command
from tests.conftest import ZenithStarter
from zenith_server.cli.status import age

FILES = {"routes/index.py": "async def get() -> str:\n    return 'hi'\n"}


def status(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenith_server", "status", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_running_server_tells_its_workers(
    project: Callable[[Mapping[str, str]], Path], zenith: ZenithStarter
) -> None:
    folder = project(FILES)
    server = zenith(folder, "--workers", "2", "--env", "production")
    server.wait_for("ready in")
    (state,) = json.loads(status(folder, "--json").stdout)
    assert (state["pid"], state["url"]) == (server.popen.pid, server.url)
    assert [worker["state"] for worker in state["workers"]] == ["serving", "serving"]
    lines = status(folder).stdout.splitlines()
    assert lines[0].startswith(f"{server.url}  production, supervisor {server.popen.pid}, up ")
    assert lines[1].split() == (
        ["PID", "STATE", "AGE", "REQUESTS", "IN", "FLIGHT", "WEBSOCKETS", "MEMORY", "GENERATION"]
    )
    assert [line.split()[:2] for line in lines[2:]] == [
        [str(worker["pid"]), "serving"] for worker in state["workers"]
    ]


def test_watching_as_json_is_a_line_a_second_until_the_server_ends(
    project: Callable[[Mapping[str, str]], Path], zenith: ZenithStarter
) -> None:
    server = zenith(project(FILES), "--env", "test")
    server.wait_for("ready in")
    command = [sys.executable, "-m", "zenith_server", "status", "--watch", "--json", "project"]
    folder = server.popen.args  # pyright: ignore[reportUnknownMemberType]
    assert isinstance(folder, list)
    command[-1] = str(folder[3])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        first, second = (json.loads(watching.stdout.readline()) for _ in range(2))
        assert second[0]["age"] > first[0]["age"]
        server.stop()
        assert watching.wait(20) == 1


def test_without_a_server_it_says_so(command: Command) -> None:
    ran = command("status", files=FILES)
    assert ran.code == 1
    assert ran.err.startswith("No server of this project runs here")


def test_ages_are_short() -> None:
    assert [age(59.9), age(61), age(3600), age(90_000)] == ["59s", "1m 01s", "1h 00m", "1d 01h"]
