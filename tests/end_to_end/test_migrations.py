"""Migrations with real processes on a real PostgreSQL: many at once, killed, failing, ahead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ZenithStarter
from tests.projects import write_project
from tests.servers import fetch_value, run_apart

PROCESSES = 20
# The libraries are imported once and the processes forked from there, as the runner does: what is
# tested is the meeting in the database, not twenty times the import of SQLAlchemy.
REPLICAS = """
import os, sys, traceback
from pathlib import Path

import alembic.autogenerate, asyncpg, sqlalchemy.ext.asyncio
import sqlalchemy.dialects.postgresql.asyncpg
from zenith_server.boot import prepare
from zenith_server.environment import Environment
from zenith_server.settings import read_settings

folder, number = Path(sys.argv[1]), int(sys.argv[2])
test = Environment("test", "from the test")

def one():
    try:
        prepare(read_settings(folder, environment=test, environ=os.environ))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

children = [os.fork() or one() for _ in range(number)]
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(",".join(map(str, sorted(codes))))
"""
REVISION = '''
    """Step {number}."""

    from alembic import op

    revision = "{number}"
    down_revision = {down!r}

    def upgrade():
{body}
'''
INDEX = """
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON notes (id)")
    op.execute("INSERT INTO notes VALUES (3)")
"""


def revisions(*bodies: str) -> dict[str, str]:
    """Return files of revisions with these bodies, numbered from 1."""
    files: dict[str, str] = {"routes/index.py": "async def get(): return 1"}
    for index, body in enumerate(bodies, 1):
        down = f"{index - 1:04}" if index > 1 else None
        lines = "\n".join(f"        {line}" for line in body.strip("\n").splitlines())
        text = REVISION.format(number=f"{index:04}", down=down, body=lines)
        files[f"migrations/{index:04}_step.py"] = text
    return files


MAKE = 'op.execute("CREATE TABLE notes (id int)"); op.execute("INSERT INTO notes VALUES (1)")'
SECOND = 'op.execute("INSERT INTO notes VALUES (2)")'
LAST = 'op.execute("INSERT INTO notes VALUES (4)")'


def replicas(folder: Path, url: str, number: int = PROCESSES) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", REPLICAS, str(folder), str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DATABASE_URL": url},
    )


def codes(process: subprocess.Popen[str]) -> Counter[int]:
    out, err = process.communicate(timeout=100)
    print(err)  # what a process that failed has said, shown when the test fails
    return Counter(map(int, out.split(",")))


def value(url: str, statement: str) -> object:
    return run_apart(fetch_value(url, statement))


def halfway(sign: Path) -> str:
    """Return the body of a revision that stops half-way, once: it writes its process there."""
    return dedent(f"""
        import os, pathlib, time
        sign = pathlib.Path({str(sign)!r})
        op.execute("INSERT INTO notes VALUES (2)")
        if not sign.exists():
            sign.with_suffix(".new").write_text(str(os.getpid()))
            sign.with_suffix(".new").rename(sign)
            time.sleep(60)
    """)


def killable(sign: Path) -> int:
    """Return the process that stands half-way."""
    until = time.monotonic() + 60
    while not sign.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    return int(sign.read_text())


APPLIED = "SELECT string_agg(id::text, ',' ORDER BY id) FROM notes"


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
