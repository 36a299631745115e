"""Through a real PgBouncer that pools by transaction, with more clients than it has connections."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import missing
from tests.end_to_end.replicas import (
    INDEX,
    LAST,
    MAKE,
    SECOND,
    codes,
    halfway,
    killable,
    replicas,
    revisions,
)
from tests.pgbouncer import pgbouncer
from tests.projects import write_project
from tests.servers import ServerMissing, fetch_value, run_apart
from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.migrations import Migrations
from zenith_server.database.migrations.lock import hold
from zenith_server.errors import ProjectError

CLIENTS = 12
APPLIED = "SELECT string_agg(id::text, ',' ORDER BY id) FROM notes"
LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database
    WHERE locktype = 'advisory' AND datname = current_database()
"""
ROUNDS, FEW = 20, 6


@pytest.fixture
def pgbouncer_url(postgres_url: str) -> Iterator[str]:
    """Return the URL of an empty database through a PgBouncer with four connections to it."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(pgbouncer(postgres_url))
        except ServerMissing as fault:
            missing("PgBouncer", fault)
        yield url


def database(url: str, *, pgbouncer: bool = True) -> Database:
    return Database(url, PoolOptions(size=CLIENTS, overflow=0, pgbouncer=pgbouncer))


async def work(shop: Database, client: int) -> None:
    """Ask in transactions that take turns on the server's connections."""
    for turn in range(ROUNDS):
        async with shop.transaction() as session:
            await session.execute(text("INSERT INTO notes VALUES (:client)"), {"client": client})
            await session.execute(text(f"SELECT {turn} + :client"), {"client": client})
        async with shop.session("readonly") as session:
            mine = text("SELECT count(*) FROM notes WHERE client = :client")
            assert await session.scalar(mine, {"client": client}) == turn + 1


async def used_by_many(shop: Database) -> int:
    async with shop.lifespan():
        async with shop.transaction() as session:
            await session.execute(text("CREATE TABLE notes (client int)"))
        works = (work(shop, client) for client in range(CLIENTS))
        # All of them end before the first error is raised: none is left with a connection.
        for end in await asyncio.gather(*works, return_exceptions=True):
            if end is not None:
                raise end
        async with shop.session() as session:
            return int(await session.scalar(text("SELECT count(*) FROM notes")) or 0)


async def test_many_clients_share_few_connections(pgbouncer_url: str) -> None:
    assert await used_by_many(database(pgbouncer_url)) == CLIENTS * ROUNDS


async def test_without_the_setting_statements_meet_those_of_others(pgbouncer_url: str) -> None:
    """So that the test above shows something: PgBouncer 1.21 and later may be told to help."""
    with pytest.raises(DBAPIError, match="prepared statement"):
        await used_by_many(database(pgbouncer_url, pgbouncer=False))


async def at_once(shop: Database, client: int) -> int:
    """Ask outside of transactions, where each message may reach another connection."""
    options = {"isolation_level": "AUTOCOMMIT"}
    counted = 0
    async with shop.engine().execution_options(**options).connect() as connection:
        for turn in range(FEW):
            row = {"client": client}
            await connection.execute(text("INSERT INTO notes VALUES (:client)"), [row, row])
            await connection.execute(text(f"CREATE TABLE t{client}_{turn} (id int)"))
            await connection.execute(text(f"VACUUM t{client}_{turn}"))
            found = await connection.execute(
                text("SELECT * FROM notes WHERE client = :client"), row
            )
            assert len(found.all()) == 2 * (turn + 1)
            updated = await connection.execute(
                text(f"UPDATE notes SET client = client WHERE client = {client}")
            )
            counted += updated.rowcount > 0
            with pytest.raises(DBAPIError, match="does not exist") as caught:
                await connection.execute(text("DROP TABLE nowhere"))
            assert getattr(caught.value.orig, "sqlstate", None) == "42P01"
            with pytest.raises(DBAPIError, match="division by zero"):
                await connection.execute(text("SELECT 1 / 0"))
    return counted


async def test_statements_outside_of_transactions_stay_on_one_connection(
    pgbouncer_url: str,
) -> None:
    shop = database(pgbouncer_url)
    async with shop.lifespan():
        async with shop.transaction() as session:
            await session.execute(text("CREATE TABLE notes (client int)"))
        counted = await asyncio.gather(*(at_once(shop, client) for client in range(CLIENTS)))
    assert counted == [FEW] * CLIENTS


async def test_one_process_migrates_at_a_time(pgbouncer_url: str) -> None:
    first, second = database(pgbouncer_url), database(pgbouncer_url)
    async with first.lifespan(), second.lifespan():
        for _ in range(6):
            async with hold(first, 5) as connection:
                await connection.execute(text("CREATE TABLE IF NOT EXISTS notes (id int)"))
                await connection.commit()
                with pytest.raises(ProjectError, match="It is held by process") as caught:
                    async with hold(second, 0.3):
                        pass
                assert f"process {os.getpid()})" in str(caught.value)
            async with hold(second, 5):
                pass


async def test_an_index_is_built_concurrently_while_others_wait(
    pgbouncer_url: str, tmp_path: Path
) -> None:
    write_project(tmp_path, revisions(MAKE, SECOND, INDEX, LAST))
    shops = [database(pgbouncer_url) for _ in range(CLIENTS)]

    async def migrate(shop: Database) -> int:
        async with shop.lifespan():
            return len((await Migrations(shop, tmp_path / "migrations").upgrade()).ran)

    ran = await asyncio.gather(*(migrate(shop) for shop in shops))
    assert sorted(ran) == [*[0] * (CLIENTS - 1), 4]


@pytest.mark.timeout(120)
def test_when_the_holder_is_killed_the_rest_finish(
    pgbouncer_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENITH_DATABASE__PGBOUNCER", "true")
    sign = tmp_path / "sign"
    folder = write_project(tmp_path / "project", revisions(MAKE, halfway(sign), INDEX, LAST))
    running = replicas(folder, pgbouncer_url, CLIENTS)
    os.kill(killable(sign), signal.SIGKILL)
    assert codes(running) == {0: CLIENTS - 1, -signal.SIGKILL: 1}
    assert run_apart(fetch_value(pgbouncer_url, APPLIED)) == "1,2,3,4"


@pytest.mark.timeout(120)
def test_replicas_that_start_at_once_apply_each_revision_once(
    pgbouncer_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENITH_DATABASE__PGBOUNCER", "true")
    folder = write_project(tmp_path / "project", revisions(MAKE, SECOND, INDEX, LAST))
    assert codes(replicas(folder, pgbouncer_url, CLIENTS)) == {0: CLIENTS}
    assert run_apart(fetch_value(pgbouncer_url, APPLIED)) == "1,2,3,4"
    assert run_apart(fetch_value(pgbouncer_url, LOCKS)) == 0
