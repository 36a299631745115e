"""A revision that waits for a lock does not hold up the traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations
from zenith_server.errors import ProjectError

ALTER = 'op.add_column("t", sa.Column("c", sa.Integer))'
READ = text("SELECT count(*) FROM t")
# Unlike a query it keeps no snapshot, which CONCURRENTLY would wait for.
LOCK = text("LOCK TABLE t IN ACCESS SHARE MODE")


@pytest.fixture
async def migrations(postgres_url: str, folder: Path, revise: Revise) -> Migrations:
    revise("0001", 'op.create_table("t", sa.Column("id", sa.Integer))')
    revise("0002", 'op.create_table("u", sa.Column("id", sa.Integer))')
    revise("0003", ALTER)
    migrations = Migrations(Database(postgres_url), folder, statement_wait=0.2)
    async with migrations.database.lifespan():
        await migrations.upgrade("0001")
    return migrations


async def test_readers_are_served_while_a_migration_waits(
    migrations: Migrations, caplog: pytest.LogCaptureFixture
) -> None:
    async with migrations.database.lifespan() as database:
        async with database.session() as blocker:
            await blocker.execute(READ)
            waiting = asyncio.create_task(migrations.upgrade("+2"))
            while "Revision 0003 waits for a lock" not in caplog.text:
                async with asyncio.timeout(30), database.session() as reader:
                    await reader.execute(READ)
                await asyncio.sleep(0.05)
            assert not waiting.done()
        run = await waiting
    assert [revision.id for revision in run.ran] == ["0002", "0003"]


async def test_who_uses_the_table_for_too_long_is_named(migrations: Migrations) -> None:
    async with migrations.database.lifespan() as database, database.session() as blocker:
        pid = (await blocker.execute(text("SELECT pg_backend_pid(), count(*) FROM t"))).scalar()
        with pytest.raises(ProjectError) as caught:
            await migrations.upgrade(wait=0.1)
    said = str(caught.value)
    assert said.startswith("Revision 0003_step failed: others use its table\n  at migrations/")
    assert "Each attempt waited 0.2 seconds for a lock" in said
    assert "Revisions that were finished before it, in this run: 0002_step." in said
    assert f"The oldest transactions of the database: process {pid} (" in said


async def test_what_is_partly_committed_is_not_begun_again(
    migrations: Migrations, revise: Revise
) -> None:
    revise(
        "0003",
        "with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY ix ON u (id)")\n'
        f"    {ALTER}",
    )
    async with migrations.database.lifespan() as database:
        async with database.session() as blocker:
            await blocker.execute(LOCK)
            with pytest.raises(ProjectError, match="others use its table"):
                await migrations.upgrade(wait=60)
        async with database.session() as session:
            assert await session.scalar(text("SELECT to_regclass('ix')::text")) == "ix"


async def test_other_connections_keep_their_own_limit(migrations: Migrations) -> None:
    async with migrations.database.lifespan() as database:
        await migrations.upgrade()
        async with database.session() as session:
            assert await session.scalar(text("SHOW lock_timeout")) == "0"
