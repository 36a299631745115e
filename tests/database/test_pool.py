"""Pools: their limit, who has their connections, and what PgBouncer changes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.pool import Pool, capacity, described, exhausted, fair_share
from zenith_server.database.watch import Watch, watched


def pool_of(database: Database) -> Pool:
    pool = database.engine().pool
    assert isinstance(pool, Pool)
    return pool


async def take(database: Database, number: int) -> int:
    """Hold so many connections at once; return how many were got."""
    got = 0
    gate = asyncio.Event()

    async def one() -> None:
        nonlocal got
        async with database.session() as session:
            await session.execute(text("SELECT 1"))
            got += 1
            await gate.wait()

    tasks = [asyncio.create_task(one()) for _ in range(number)]
    await asyncio.sleep(0.5)
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    return got


def test_workers_share_four_fifths_of_what_the_server_gives() -> None:
    assert fair_share(100, 4) == 20
    assert fair_share(3, 50) == 1


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
async def test_a_pool_keeps_to_its_share_of_the_servers_connections(
    kind: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    async with Database(url).lifespan() as database:
        found = await capacity(database, 1)
    assert found is not None
    given = int(found[0].split(" of the ")[1].split()[0])
    processes = int(given * 0.8) // 3  # so that three are left for each
    options = PoolOptions(size=4, overflow=2, timeout=0.2, processes=processes)
    async with Database(url, options).lifespan() as database:
        assert await take(database, 1) == 1
        assert pool_of(database).most == 3
        assert await take(database, 6) == 3
        assert "opens at most 3" in caplog.text


async def test_a_limit_is_lowered_and_never_lifted() -> None:
    async with Database(
        "postgresql://localhost/x", PoolOptions(size=3, overflow=3)
    ).lifespan() as db:
        pool = pool_of(db)
        for most, then in ((9, 6), (4, 4), (2, 2), (1, 1)):
            pool.lower(most)
            assert pool.most == then


async def test_an_exhausted_pool_says_its_size_and_who_has_the_connections(
    postgres_url: str,
) -> None:
    options = PoolOptions(size=1, overflow=0, timeout=0.1, watched=True)
    async with Database(postgres_url, options).lifespan() as database:
        watched.set(Watch("GET /slow"))
        async with database.session() as first, database.session() as second:
            await first.execute(text("SELECT 1"))
            with pytest.raises(PoolTimeout):
                await second.execute(text("SELECT 1"))
            said = exhausted([database])
            assert "No connection came free within 0.1 s; the pool has 1: GET /slow at " in said
            assert "test_pool.py:" in said
        assert exhausted([database]) == ""
        assert pool_of(database).held == {}


async def test_without_a_watch_it_says_how_many_are_in_use(postgres_url: str) -> None:
    options = PoolOptions(size=1, overflow=0)
    database = Database(postgres_url, options, name="logs")
    async with database.lifespan(), database.session() as session:
        await session.execute(text("SELECT 1"))
        assert 'of the database "logs"' in exhausted([database])
        assert exhausted([database]).endswith("the pool has 1: 1 in use")


async def test_through_pgbouncer_nothing_stays_prepared(postgres_url: str) -> None:
    database = Database(postgres_url, PoolOptions(pgbouncer=True))
    async with database.lifespan(), database.session() as session:
        for number in range(3):
            await session.execute(text("SELECT :n"), {"n": f"{number}"})
        prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")
        names = text("SELECT name FROM pg_prepared_statements")
        assert await session.scalar(prepared) <= 1
        assert all("__zenith_" in name for name in await session.scalars(names))


async def test_a_server_that_is_away_cannot_be_asked(free_port: int) -> None:
    async with Database(f"postgresql://ann@127.0.0.1:{free_port}/x").lifespan() as database:
        found = await capacity(database, 1)
    assert found is not None
    assert found[0].startswith("the server cannot be asked")
    assert not found[1]
    assert await capacity(Database("sqlite://"), 1) is None


def test_the_banner_says_how_many_connections_there_may_be() -> None:
    options = PoolOptions(size=5, overflow=5, pgbouncer=True)
    copy = Database("postgresql://db2/shop")
    database = Database("postgresql://ann:pw@db/shop", options, replicas=[copy])
    assert described(database, 2) == (
        "postgresql://ann:***@db/shop, up to 10 connections in each of 2 workers, "
        "through PgBouncer, 1 replicas"
    )
    assert described(Database("sqlite:///x.db"), 2) == "sqlite:///x.db"


def test_the_banner_tells_what_the_driver_leaves_out() -> None:
    database = Database("postgresql+psycopg://ann@db/shop?channel_binding=require")
    assert described(database, 1).endswith(
        "; asyncpg is used in place of psycopg; channel_binding is not supported by asyncpg"
    )
