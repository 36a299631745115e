"""Replicas of one project that migrate at once, and the revisions over which they meet."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from textwrap import dedent

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
