"""What the command loads; heavy libraries wait until a project needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import environment
from zenith_server.version import __version__

HEAVY = (
    "alembic",
    "granian",
    "hypercorn",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "yaml",
)
PROGRAM = """
import json, sys
sys.argv = ["zenith-server", *sys.argv[1:]]
before = set(sys.modules)  # what measures coverage has libraries too
from zenith_server.__main__ import main
code = main()
print(json.dumps([code, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""


def loaded(folder: Path, *words: str) -> tuple[int, str, set[str]]:
    """Run a command; return its exit code, what it printed, and the libraries that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *printed, last = done.stdout.splitlines()
    code, modules = json.loads(last)
    return code, "\n".join(printed), set(modules)


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_needs_no_library_at_all(tmp_path: Path, word: str) -> None:
    code, printed, modules = loaded(tmp_path, word)
    assert (code, printed) == (0, f"zenith-server {__version__}")
    assert not modules & {*HEAVY, "cyclopts", "rich", "asyncio"}


@pytest.mark.parametrize("words", [["--help"], ["db", "--help"], ["db", "make", "--help"]])
def test_help_loads_none_of_the_libraries_that_serve(tmp_path: Path, words: list[str]) -> None:
    code, printed, modules = loaded(tmp_path, *words)
    assert (code, printed[:6]) == (0, "Usage:")
    assert not modules & set(HEAVY)


def test_asking_for_health_loads_none_of_them_either(tmp_path: Path) -> None:
    code, _, modules = loaded(tmp_path, "health", "--url", "http://127.0.0.1:1/")
    assert code == 1
    assert not modules & set(HEAVY)


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "zenith_server", "--version"]
    done = subprocess.run(
        program, cwd=tmp_path, env=environment({}), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"zenith-server {__version__}\n"
