"""A session costs nothing unused, and always gives its connection back."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.session import Session

Ending = Callable[[Session], Awaitable[None]]


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    async with Database(postgres_url, PoolOptions(size=2, overflow=0)).lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE notes (id int PRIMARY KEY)"))
        yield database


async def count(database: Database) -> int:
    async with database.session() as session:
        return (await session.execute(text("SELECT count(*) FROM notes"))).scalar_one()


def taken(database: Database) -> int:
    return getattr(database.engine().pool, "checkedout")()  # noqa: B009


async def test_it_is_an_async_session(database: Database) -> None:
    assert isinstance(Session(database), AsyncSession)


async def test_it_is_opened_by_its_first_use(database: Database) -> None:
    session = Session(database)
    assert not session.opened
    assert list(session) == []
    assert session.opened


async def test_opening_it_takes_no_connection(database: Database) -> None:
    session = Session(database)
    assert session.is_active
    assert taken(database) == 0


async def test_an_unknown_attribute_is_an_attribute_error(database: Database) -> None:
    with pytest.raises(AttributeError, match="'Session' object has no attribute 'quary'"):
        getattr(Session(database), "quary")  # noqa: B009


@pytest.mark.parametrize("end", [Session.store, Session.undo, Session.close])
async def test_ending_an_unused_session_opens_nothing(database: Database, end: Ending) -> None:
    session = Session(database)
    await end(session)
    await session.commit()
    await session.rollback()
    await session.close()
    assert not session.opened


async def test_commit_stores_and_returns_the_connection(database: Database) -> None:
    session = Session(database)
    await session.execute(text("INSERT INTO notes VALUES (1)"))
    await session.store()
    assert (await count(database), taken(database)) == (1, 0)


async def test_rollback_undoes_and_returns_the_connection(database: Database) -> None:
    session = Session(database)
    await session.execute(text("INSERT INTO notes VALUES (1)"))
    await session.undo()
    assert (await count(database), taken(database)) == (0, 0)


async def test_a_session_that_is_not_committed_is_rolled_back(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("INSERT INTO notes VALUES (1)"))
    assert await count(database) == 0


async def test_a_transaction_is_rolled_back_by_an_exception(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO notes VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await count(database), taken(database)) == (0, 0)


async def test_a_deferred_constraint_fails_the_commit(database: Database) -> None:
    session = Session(database)
    await session.execute(
        text("CREATE TABLE tags (note int REFERENCES notes DEFERRABLE INITIALLY DEFERRED)")
    )
    await session.execute(text("INSERT INTO tags VALUES (7)"))
    with pytest.raises(IntegrityError):
        await session.store()
    assert taken(database) == 0


@pytest.mark.parametrize("end", [Session.store, Session.undo])
async def test_cancellation_at_any_point_returns_the_connection(
    database: Database, end: Ending
) -> None:
    async def request(number: int) -> None:
        session = Session(database)
        try:
            await session.execute(text(f"INSERT INTO notes VALUES ({number})"))
        except BaseException:
            await session.undo()
            raise
        await end(session)

    for number in range(60):
        task = asyncio.create_task(request(number))
        await asyncio.sleep(number / 10_000)
        task.cancel()
        await asyncio.wait([task])
    assert taken(database) == 0


async def test_unused_it_costs_at_most_a_hundredth_of_a_select(database: Database) -> None:
    async def unused() -> None:
        await Session(database).store()

    async def select() -> None:
        async with database.session() as session:
            await session.execute(text("SELECT 1"))

    async def cost(times: int, of: Callable[[], Awaitable[None]]) -> float:
        started = time.perf_counter()
        for _ in range(times):
            await of()
        return (time.perf_counter() - started) / times

    await select()
    tracer = sys.gettrace()
    sys.settrace(None)  # What measures the coverage would be measured with it.
    try:
        shares = [await cost(5_000, unused) / await cost(100, select) for _ in range(5)]
    finally:
        sys.settrace(tracer)
    assert min(shares) <= 1 / 100, f"an unused session costs {shares} of SELECT 1"
