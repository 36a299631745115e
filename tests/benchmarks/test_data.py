"""What the data layer adds to SQLAlchemy stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.data import ROOT, many_loops

pytestmark = pytest.mark.usefixtures("postgres_server")


def test_many_loops_and_threads_leave_nothing_open() -> None:
    before, after = many_loops()
    assert after == before
    assert before[2] == 0


def test_a_handler_with_a_session_costs_what_sqlalchemy_costs() -> None:
    # Without coverage, which would weigh on one side alone.
    environ = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    code = (
        "import asyncio, json; from tests.benchmarks.data import measured, ratios;"
        "print(json.dumps(ratios(asyncio.run(measured(40)))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(ROOT),
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert found["ours / SQLAlchemy alone"] < 1.5, found
    assert found["ours, readonly / SQLAlchemy alone"] < 1.2, found
    assert found["engine per request / SQLAlchemy alone"] > 2, found
