"""Transactions inside each other, and what else scripts do, on all three kinds of database."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.readonly import ReadOnlyError

OTHERS = ("postgres_url", "mysql_url")
BACKENDS = ("sqlite", *OTHERS)


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/test.sqlite3"
    if request.param in OTHERS:
        url = request.getfixturevalue(request.param)
    database = Database(url, PoolOptions(size=2, overflow=0, timeout=2))
    async with database.lifespan():
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE notes (id int PRIMARY KEY)"))
        yield database


async def add(database: Database, number: int) -> None:
    async with database.transaction() as session:
        await session.execute(text(f"INSERT INTO notes VALUES ({number})"))


async def add_and_fail(database: Database, number: int) -> None:
    async with database.transaction():
        await add(database, number)
        raise ZeroDivisionError


async def notes(database: Database) -> list[int]:
    async with database.session("readonly") as session:
        return list(await session.scalars(text("SELECT id FROM notes ORDER BY id")))


async def test_a_transaction_inside_another_is_undone_alone(database: Database) -> None:
    async with database.transaction():
        await add(database, 1)
        with pytest.raises(ZeroDivisionError):
            await add_and_fail(database, 2)
        await add(database, 3)
    assert await notes(database) == [1, 3]


async def test_a_transaction_inside_another_is_undone_with_it(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await add_and_fail(database, 1)
    assert await notes(database) == []


async def test_a_statement_that_fails_inside_leaves_the_outer_one_usable(
    database: Database,
) -> None:
    async with database.transaction():
        await add(database, 1)
        with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
            await add(database, 1)
        await add(database, 2)
    assert await notes(database) == [1, 2]


async def test_tasks_side_by_side_have_transactions_of_their_own(database: Database) -> None:
    async with database.transaction() as session:
        async with asyncio.TaskGroup() as tasks:
            found = tasks.create_task(_session_of(database))
        assert found.result() is not session


async def _session_of(database: Database) -> object:
    async with database.transaction() as session:
        return session


async def test_a_session_for_reading_refuses_to_write_in_scripts_too(database: Database) -> None:
    async with database.session("readonly") as session:
        with pytest.raises(ReadOnlyError, match="The statement writes"):
            await session.execute(text("INSERT INTO notes VALUES (1)"))
    assert await notes(database) == []


async def test_more_transactions_in_a_row_than_a_pool_has_connections_all_end(
    database: Database,
) -> None:
    for number in range(60):
        await add(database, number)
    assert await notes(database) == list(range(60))


async def test_a_connection_that_mysql_closed_is_replaced_without_a_ping(mysql_url: str) -> None:
    database, other = Database(mysql_url), Database(mysql_url)
    async with database.lifespan(), other.lifespan():
        async with database.session() as session:
            before = await session.scalar(text("SELECT connection_id()"))
        async with other.session() as session:
            await session.execute(text(f"KILL {before}"))
        await asyncio.sleep(0.1)
        async with database.session() as session:
            assert await session.scalar(text("SELECT connection_id()")) != before


def test_a_script_on_sqlite_that_closes_nothing_ends(tmp_path: Path) -> None:
    code = f"""
import asyncio
from sqlalchemy import text
from zenith_server import Database

database = Database("sqlite:///{tmp_path}/test.sqlite3")

async def main():
    async with database.transaction() as session:
        print(await session.scalar(text("SELECT 42")))

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "42\n"
    assert done.stderr == ""
