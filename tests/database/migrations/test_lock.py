"""Many processes migrate one database as if they were one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations
from zenith_server.database.migrations.lock import hold
from zenith_server.errors import ProjectError

UPGRADE = """
import asyncio, sys
from pathlib import Path
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations

async def main():
    async with Database(sys.argv[1]).lifespan() as database:
        run = await Migrations(database, Path(sys.argv[2])).upgrade()
        print(",".join(revision.id for revision in run.ran))

asyncio.run(main())
"""
ROOT = Path(__file__).parents[3]
BACKENDS = ["postgresql", "mysql", "sqlite"]


@pytest.fixture
def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    def url_of(backend: str) -> str:
        if backend == "sqlite":
            return f"sqlite:///{tmp_path}/shop.db"
        return request.getfixturevalue("postgres_url" if backend == "postgresql" else "mysql_url")

    return url_of


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", UPGRADE, url, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Return what each process applied; all have to succeed."""
    ends = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), ends
    return sorted(out.strip() for out, _ in ends)


def wait_for(file: Path) -> None:
    until = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("backend", BACKENDS)
def test_twenty_processes_apply_each_revision_once(
    url_of: Callable[[str], str], backend: str, folder: Path, revise: Revise
) -> None:
    url = url_of(backend)
    revise("0001", 'op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")')
    revise("0002", 'op.execute("INSERT INTO notes VALUES (1)")')
    if backend == "postgresql":
        revise(
            "0003",
            "with op.get_context().autocommit_block():\n"
            '        op.execute("CREATE INDEX CONCURRENTLY ix ON notes (id)")',
        )
    else:
        revise("0003", 'op.execute("CREATE INDEX ix ON notes (id)")')
    revise("0004", "import time; time.sleep(1)")
    processes = [start(url, folder) for _ in range(20)]
    assert finish(processes) == [*[""] * 19, "0001,0002,0003,0004"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_next_takes_over_when_the_holder_is_killed(
    url_of: Callable[[str], str], backend: str, folder: Path, revise: Revise, tmp_path: Path
) -> None:
    url, sign = url_of(backend), tmp_path / "sign"
    revise("0001", 'op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")')
    revise(
        "0002",
        f"import pathlib, time; sign = pathlib.Path({str(sign)!r})\n"
        "    if not sign.exists():\n"
        '        sign.write_text(""); op.execute("INSERT INTO notes VALUES (1)"); time.sleep(60)',
    )
    holder = start(url, folder)
    wait_for(sign)
    others = [start(url, folder) for _ in range(2)]
    time.sleep(0.5)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert finish(others) == ["", "0002"]


@pytest.mark.timeout(240)
def test_a_statement_that_outlives_its_process_is_waited_for(
    postgres_url: str, folder: Path, revise: Revise, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    revise("0001", 'op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")')
    revise(
        "0002",
        f"import pathlib; sign = pathlib.Path({str(sign)!r}); first = not sign.exists()\n"
        '    sign.write_text("")\n'
        '    op.execute("INSERT INTO notes SELECT 1 FROM pg_sleep(3)") if first else None',
    )
    holder = start(postgres_url, folder)
    wait_for(sign)
    time.sleep(0.5)
    holder.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    holder.communicate()
    assert finish([start(postgres_url, folder)]) == ["0002"]
    assert time.monotonic() - killed > 2


@pytest.mark.parametrize("backend", BACKENDS)
async def test_who_waits_too_long_is_told_who_holds_it(
    url_of: Callable[[str], str], backend: str
) -> None:
    async with Database(url_of(backend)).lifespan() as database, hold(database, 5):
        with pytest.raises(ProjectError) as caught:
            async with hold(database, 0.3):
                pass
    said = str(caught.value)
    assert said.startswith("The migration lock was not free within 0.3 seconds\n")
    holder = r"connection" if backend == "mysql" else f"process {os.getpid()}"
    assert f"{holder}" in said


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_cancelled_holder_leaves_the_lock_free(
    url_of: Callable[[str], str], backend: str
) -> None:
    async with Database(url_of(backend)).lifespan() as database:
        held = asyncio.Event()

        async def migrate() -> None:
            async with hold(database, 5):
                held.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(migrate())
        await held.wait()
        task.cancel()
        await asyncio.wait([task])
        async with hold(database, 5):
            assert task.cancelled()


async def test_the_lock_is_held_outside_a_transaction(postgres_url: str) -> None:
    query = text(
        "SELECT state FROM pg_stat_activity WHERE application_name LIKE 'zenith-server on %' "
        "AND datname = current_database()"
    )
    database = Database(postgres_url)
    async with database.lifespan(), hold(database, 5), database.session() as session:
        assert (await session.scalars(query)).all() == ["idle"]


async def test_the_connection_of_the_lock_is_not_pooled(postgres_url: str) -> None:
    database = Database(postgres_url)
    async with database.lifespan():
        async with hold(database, 5) as connection:
            name = await connection.scalar(text("SHOW application_name"))
        async with database.session() as session:
            assert await session.scalar(text("SHOW application_name")) != name


async def test_databases_of_one_server_are_locked_apart(
    new_postgres_url: Callable[[], str],
) -> None:
    first, second = Database(new_postgres_url()), Database(new_postgres_url())
    async with first.lifespan(), second.lifespan(), hold(first, 5), hold(second, 0.1):
        assert first.loops == second.loops == 1


async def test_another_process_finishing_first_leaves_nothing_to_do(
    sqlite: Database, folder: Path, revise: Revise
) -> None:
    revise("0001")
    migrations = Migrations(sqlite, folder)
    async with hold(sqlite, 5):
        waiting = asyncio.create_task(migrations.upgrade())
        await asyncio.sleep(0.3)
        async with sqlite.transaction() as session:
            await session.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            await session.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    assert (await waiting).ran == ()
