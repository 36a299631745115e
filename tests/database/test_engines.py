"""An engine belongs to one event loop and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zenith_server.database.engines import Database, PoolOptions

Left = tuple[int, int]


async def one(database: Database) -> int:
    async with database.transaction() as session:
        return (await session.execute(text("SELECT 1"))).scalar_one()


def left() -> Left:
    gc.collect()
    return threading.active_count(), len(list(Path("/dev/fd").iterdir()))


async def backends(url: str) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with Database(url).session() as session:
        return (await session.execute(text(query))).scalar_one()


def in_threads(number: int, database: Database) -> None:
    threads = [threading.Thread(target=lambda: asyncio.run(one(database))) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_making_one_opens_nothing(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/shop.db")
    assert list(tmp_path.iterdir()) == []


def test_outside_a_loop_there_is_no_engine() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        Database("sqlite://").engine()


async def test_a_loop_has_one_engine() -> None:
    database = Database("sqlite://")
    assert database.engine() is database.engine()


async def test_a_closed_database_opens_again() -> None:
    database = Database("sqlite://")
    await one(database)
    await database.close()
    await database.close()
    assert database.loops == 0
    assert await one(database) == 1


def test_fifty_loops_in_sequence_leave_nothing(postgres_url: str) -> None:
    database = Database(postgres_url)
    asyncio.run(one(database))
    before = left()
    for _ in range(50):
        asyncio.run(one(database))
    assert (left(), database.loops) == (before, 0)
    assert asyncio.run(backends(postgres_url)) == 1


def test_fifty_loops_on_sqlite_leave_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/shop.db")
    asyncio.run(one(database))
    before = left()
    for _ in range(50):
        asyncio.run(one(database))
    assert (left(), database.loops) == (before, 0)


def test_twenty_threads_with_loops_leave_nothing(postgres_url: str) -> None:
    database = Database(postgres_url)
    asyncio.run(one(database))
    before = left()
    in_threads(20, database)
    assert (left(), database.loops) == (before, 0)
    assert asyncio.run(backends(postgres_url)) == 1


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_loops_closed_by_hand_are_forgotten_at_the_next_use(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    sqlite = f"sqlite:///{tmp_path}/shop.db"
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else sqlite
    database = Database(url)
    asyncio.run(one(database))
    before = left()
    with warnings.catch_warnings():
        # Python's own remark on loops that are closed with connections open.
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(5):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(one(database))
            loop.close()
        asyncio.run(one(database))
        assert (left(), database.loops) == (before, 0)


async def test_a_full_pool_is_waited_for_as_long_as_it_says(postgres_url: str) -> None:
    database = Database(postgres_url, PoolOptions(size=1, overflow=0, timeout=0.1))
    async with database.lifespan(), database.session() as first, database.session() as second:
        await first.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeout):
            await second.execute(text("SELECT 1"))


async def test_connections_that_the_server_closed_are_replaced(postgres_url: str) -> None:
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with Database(postgres_url).lifespan() as database:
        await asyncio.gather(*(one(database) for _ in range(4)))
        async with Database(postgres_url).lifespan() as other, other.session() as session:
            await session.execute(kill)
        await asyncio.sleep(0.2)
        assert await asyncio.gather(*(one(database) for _ in range(4))) == [1, 1, 1, 1]


async def test_two_databases_never_meet(tmp_path: Path) -> None:
    first, second = (Database(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    async with first.lifespan(), second.lifespan():
        async with first.transaction() as session:
            await session.execute(text("CREATE TABLE notes (id int)"))
        async with second.session() as session:
            assert (await session.execute(text("SELECT * FROM sqlite_master"))).all() == []
