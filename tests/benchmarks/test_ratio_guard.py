"""A request does not become twice as dear without anybody noticing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# About twice what was measured when they were written down; `make bench` shows the exact ratios.
MOST = {"json": 5.5, "params": 13.0}


def test_a_request_costs_no_more_than_twice_what_it_did() -> None:
    # In a process of its own, because measuring coverage would weigh on one side alone.
    environ = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-m", "tests.benchmarks.guard"]
    done = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    assert {name: ratio for name, ratio in found.items() if ratio > MOST[name]} == {}
