"""Sessions that only read: what they refuse, and what they leave out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text

from tests.database.shop import Author, Book, fill
from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.readonly import ReadOnlyError, ReadOnlySession


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    file = f"sqlite:///{tmp_path}/shop.db"
    kind = request.param
    url = file if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")
    async with Database(url).lifespan() as database:
        await fill(database, books=1)
        yield database


async def test_reading_works_as_in_any_session(database: Database) -> None:
    async with ReadOnlySession(database, "readonly") as session:
        author = await session.get(Author, 1)
        assert author is not None
        assert author.name == "Ada"
        assert (await session.scalars(select(Book))).all()
        assert await session.scalar(text("WITH a AS (SELECT 1 AS n) SELECT n FROM a")) == 1


async def test_writing_objects_is_refused_before_anything_is_sent(database: Database) -> None:
    async with ReadOnlySession(database, "readonly") as session:
        session.add(Author(name="Grace"))
        with pytest.raises(ReadOnlyError, match=r"(?s)Author would be written.*session = DB"):
            await session.flush()
    async with ReadOnlySession(database, "readonly") as session:
        author = await session.get(Author, 1)
        assert author is not None
        author.name = "Grace"
        with pytest.raises(ReadOnlyError, match="Author would be written"):
            await session.commit()


@pytest.mark.parametrize(
    "statement",
    [
        insert(Author).values(name="Grace"),
        text("UPDATE authors SET name = 'Grace'"),
        text("  delete from authors"),
        text("WITH x AS (DELETE FROM authors RETURNING id) SELECT * FROM x"),
        text("DROP TABLE authors"),
    ],
)
async def test_a_statement_that_writes_is_refused_with_its_line(
    database: Database, statement: object
) -> None:
    async with ReadOnlySession(database, "readonly") as session:
        with pytest.raises(
            ReadOnlyError, match=r"(?s)writes: .*test_readonly\.py:\d+.*DB\.readonly"
        ):
            await session.execute(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]


async def test_on_postgresql_and_sqlite_no_transaction_is_begun(database: Database) -> None:
    said: list[str] = []
    engine = database.engine().sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    async with ReadOnlySession(database, "readonly") as session:
        await session.get(Author, 1)
        if database.url.backend == "postgresql":
            # Two statements of one transaction have one time.
            first = await session.scalar(text("SELECT now()"))
            await asyncio.sleep(0.01)
            assert await session.scalar(text("SELECT now()")) != first
    assert not [statement for statement in said if statement.startswith("BEGIN")]
    async with database.session() as session:
        await session.execute(text("SELECT 1"))
    assert said[-1] == "SELECT 1"


async def test_the_next_session_on_the_connection_has_transactions_again(
    postgres_url: str,
) -> None:
    async with Database(postgres_url, PoolOptions(size=1, overflow=0)).lifespan() as database:
        await fill(database)
        async with ReadOnlySession(database, "readonly") as session:
            await session.get(Author, 1)
        async with database.session() as session:
            session.add(Author(name="Grace"))
            await session.flush()
        async with database.session("read") as session:
            assert len((await session.scalars(select(Author))).all()) == 1


async def test_through_pgbouncer_reading_keeps_its_transaction(postgres_url: str) -> None:
    database = Database(postgres_url, PoolOptions(pgbouncer=True))
    async with database.lifespan(), ReadOnlySession(database, "readonly") as session:
        first = await session.scalar(text("SELECT now()"))
        await asyncio.sleep(0.01)
        assert await session.scalar(text("SELECT now()")) == first


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
async def test_an_isolation_level_is_that_of_the_transaction(postgres_url: str, level: str) -> None:
    async with Database(postgres_url).lifespan() as database:
        async with database.session(level) as session:  # pyright: ignore[reportArgumentType]
            assert await session.scalar(text("SHOW transaction_isolation")) == level
        async with database.session() as session:
            said = await session.scalar(text("SHOW transaction_isolation"))
            assert said == "read committed"
