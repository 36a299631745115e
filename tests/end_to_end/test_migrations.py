"""Migrations with real processes on a real PostgreSQL: many at once, killed, failing, ahead."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.conftest import ZenithStarter
from tests.end_to_end.replicas import (
    INDEX,
    LAST,
    MAKE,
    PROCESSES,
    SECOND,
    codes,
    halfway,
    killable,
    replicas,
    revisions,
)
from tests.projects import write_project
from tests.servers import fetch_value, run_apart

APPLIED = "SELECT string_agg(id::text, ',' ORDER BY id) FROM notes"


def value(url: str, statement: str) -> object:
    return run_apart(fetch_value(url, statement))


@pytest.mark.timeout(120)
def test_twenty_processes_at_once_apply_each_revision_once(
    postgres_url: str, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "project", revisions(MAKE, SECOND, INDEX, LAST))
    assert codes(replicas(folder, postgres_url)) == {0: PROCESSES}
    assert value(postgres_url, APPLIED) == "1,2,3,4"
    assert value(postgres_url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass")


@pytest.mark.timeout(120)
def test_when_the_holder_is_killed_the_rest_finish(postgres_url: str, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    folder = write_project(tmp_path / "project", revisions(MAKE, halfway(sign), INDEX, LAST))
    running = replicas(folder, postgres_url)
    os.kill(killable(sign), signal.SIGKILL)
    assert codes(running) == {0: PROCESSES - 1, -signal.SIGKILL: 1}
    assert value(postgres_url, APPLIED) == "1,2,3,4"


@pytest.mark.timeout(120)
def test_a_revision_that_fails_half_way_stops_the_start_until_it_is_mended(
    postgres_url: str, tmp_path: Path, zenith: ZenithStarter
) -> None:
    broken = f'{SECOND}; op.execute("INSERT INTO nothing VALUES (3)")'
    folder = write_project(tmp_path / "project", revisions(MAKE, broken, LAST))
    environ = {"DATABASE_URL": postgres_url, "ZENITH_ENV": "staging"}
    stopped = zenith(folder, env=environ, wait=False)
    assert stopped.popen.wait(60) == 1
    said = stopped.output
    assert "Revision 0002_step failed" in said
    assert "migrations/0002_step.py:9" in said
    assert "The statement was: INSERT INTO nothing VALUES (3)" in said
    assert "Correct the revision, then start again: what it did is rolled back." in said
    assert value(postgres_url, APPLIED) == "1"
    write_project(folder, revisions(MAKE, SECOND, LAST))
    served = zenith(folder, env=environ)
    assert "up to date at 0003_step, 2 now" in served.output
    assert value(postgres_url, APPLIED) == "1,2,4"


@pytest.mark.timeout(120)
def test_a_database_ahead_of_the_code_is_warned_of_and_served(
    postgres_url: str, tmp_path: Path, zenith: ZenithStarter
) -> None:
    value(postgres_url, "CREATE TABLE alembic_version (version_num text)")
    value(postgres_url, "INSERT INTO alembic_version VALUES ('0009')")
    folder = write_project(tmp_path / "project", revisions(MAKE))
    served = zenith(folder, env={"DATABASE_URL": postgres_url, "ZENITH_ENV": "staging"})
    assert "The database is at revision 0009, which this code does not know" in served.output
    assert value(postgres_url, "SELECT version_num FROM alembic_version") == "0009"
