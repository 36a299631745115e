"""A request does not become dearer without anybody noticing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
BASELINE: dict[str, dict[str, float]] = json.loads(
    (Path(__file__).parent / "baseline.json").read_text()
)
# What was measured differs by 4 % from run to run, and now and then by more on a busy machine: then
# the median of three counts. A Python without a baseline of its own is given more room.
TOLERANCE, ROOM = 1.2, 2.0
ATTEMPTS = 3


def measured(share: float) -> dict[str, float]:
    """Return the ratios, from a process without coverage, which would weigh on one side alone."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    # Which names of attributes and headers meet in a table would else be another matter each time,
    # and costs up to a quarter.
    environ["PYTHONHASHSEED"] = "0"
    command = [sys.executable, "-m", "tests.benchmarks.guard", str(share)]
    done = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def over(found: dict[str, float]) -> dict[str, float]:
    """Return the cases that cost too much."""
    known = BASELINE.get(f"3.{sys.version_info.minor}")
    room = TOLERANCE if known else ROOM
    usual = known or BASELINE["3.11"]
    return {name: ratio for name, ratio in found.items() if ratio > usual[name] * room}


def typical(share: float = 0.0) -> dict[str, float]:
    """Return the median of each case's ratio over three measurements."""
    rows = [measured(share) for _ in range(ATTEMPTS)]
    return {name: median(row[name] for row in rows) for name in rows[0]}


def test_a_request_costs_what_it_did() -> None:
    assert not over(measured(0.0)) or over(typical()) == {}


def test_a_request_that_costs_30_percent_more_is_found() -> None:
    share = 0.3 if f"3.{sys.version_info.minor}" in BASELINE else 1.5
    assert over(typical(share)) != {}
