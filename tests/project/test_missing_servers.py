"""A run without a server says so in its last lines, and fails where servers are promised."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.processes import REPOSITORY

SUITE = """
from tests import servers

def postgres():
    raise servers.ServerMissing("none was found")

servers.postgres = postgres

def test_one(postgres_url): ...
def test_two(postgres_url): ...
def test_three(): ...
"""


def run_suite(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    ours = {"CI": "", "ZENITH_TEST_SKIPPED": "", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [*command, f"--config-file={REPOSITORY}/pyproject.toml", folder],
        cwd=REPOSITORY,
        env={**os.environ, **ours, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_last_line_says_which_server_is_missing_and_why(tmp_path: Path) -> None:
    done = run_suite(tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "SKIPPED, tests: 2; no PostgreSQL: none was found"


def test_in_ci_a_missing_server_is_a_failure(tmp_path: Path) -> None:
    done = run_suite(tmp_path, CI="true")
    assert done.returncode == 1
    assert "no server: PostgreSQL: none was found" in done.stdout


def test_the_lines_are_left_for_the_script_that_prints_coverage_afterwards(tmp_path: Path) -> None:
    run_suite(tmp_path, ZENITH_TEST_SKIPPED=str(tmp_path / "skipped"))
    assert (tmp_path / "skipped").read_text().endswith("none was found\n")
