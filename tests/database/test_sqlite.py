"""SQLite waits instead of failing, keeps its constraints, and has real transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from zenith_server.database.engines import Database
from zenith_server.errors import ProjectError


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/data/shop.db").lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE stock (id INTEGER PRIMARY KEY, left INTEGER)"))
            await session.execute(text("CREATE TABLE orders (stock INTEGER REFERENCES stock)"))
            await session.execute(text("INSERT INTO stock VALUES (1, 0)"))
        yield database


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5000), ("synchronous", 1)],
)
async def test_a_connection_is_set_up(database: Database, pragma: str, value: object) -> None:
    async with database.session() as session:
        assert await session.scalar(text(f"PRAGMA {pragma}")) == value


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO orders VALUES (99)"))


async def test_a_table_that_is_made_is_rolled_back_too(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("CREATE TABLE tags (id INTEGER)"))
    with pytest.raises(OperationalError, match="no such table"):
        async with database.session() as session:
            await session.execute(text("SELECT * FROM tags"))


async def test_a_savepoint_is_undone_alone(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE stock SET left = 1"))
        nested = await session.begin_nested()
        await session.execute(text("UPDATE stock SET left = 2"))
        await nested.rollback()
    async with database.session() as session:
        assert await session.scalar(text("SELECT left FROM stock")) == 1


async def test_transactions_that_read_and_then_write_take_turns(database: Database) -> None:
    async def take() -> None:
        async with database.transaction() as session:
            left = await session.scalar(text("SELECT left FROM stock"))
            await asyncio.sleep(0.01)
            await session.execute(text("UPDATE stock SET left = :left"), {"left": (left or 0) + 1})

    await asyncio.gather(*(take() for _ in range(8)))
    async with database.session() as session:
        assert await session.scalar(text("SELECT left FROM stock")) == 8


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.transaction() as writer, database.session("read") as reader:
        await writer.execute(text("UPDATE stock SET left = 5"))
        assert await reader.scalar(text("SELECT left FROM stock")) == 0


async def test_a_commit_that_fails_leaves_no_transaction_open(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        await session.execute(
            text("CREATE TABLE b (id INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED)")
        )
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO b VALUES (1)"))
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM b")) == 0


async def test_autocommit_begins_nothing(database: Database) -> None:
    engine = database.engine().execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("UPDATE stock SET left = 3"))
        async with database.session("read") as session:
            assert await session.scalar(text("SELECT left FROM stock")) == 3


async def test_sessions_in_memory_take_turns_on_one_connection() -> None:
    async with Database("sqlite://").lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE stock (left INTEGER)"))

        async def undo() -> None:
            async with database.session() as session:
                await session.execute(text("INSERT INTO stock VALUES (1)"))
                await asyncio.sleep(0.02)

        async def keep() -> None:
            async with database.transaction() as session:
                await session.execute(text("INSERT INTO stock VALUES (2)"))

        await asyncio.gather(undo(), keep(), undo(), keep())
        async with database.session() as session:
            assert list(await session.scalars(text("SELECT left FROM stock"))) == [2, 2]


async def test_a_folder_is_not_made_out_of_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no/such/shop.db")
    with pytest.raises(ProjectError, match="No such file or directory"):
        database.engine()
    assert not (tmp_path / "no").exists()
