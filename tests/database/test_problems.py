"""A database's refusal is a conflict, a bad value or an outage, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    insert,
    make_url,
    text,
)

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.problems import classify

TABLES = MetaData()
ITEMS = Table(
    "items",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("must", Integer, nullable=False),
    Column("name", String(5), unique=True),
    Column("parent", ForeignKey("items.id")),
    Column("small", SmallInteger),
    Column("big", BigInteger),
    Column("amount", Numeric(4, 2)),
    CheckConstraint("must > 0"),
)
CONFLICTS = {"unique": {"id": 1}, "name": {"name": "a"}, "foreign key": {"parent": 99}}
BAD_VALUES: dict[str, dict[str, object]] = {
    "null": {"must": None},
    "check": {"must": -1},
    "beyond 64 bits": {"big": 2**70},
    "half a character": {"name": "\ud800"},
}
BAD_IN_STRICT: dict[str, dict[str, object]] = {
    "beyond 16 bits": {"small": 2**20},
    "too long": {"name": "abcdef"},
    "too many digits": {"amount": Decimal("12345.6")},
    "not a number": {"must": "many"},
}


@pytest.fixture(params=["postgresql", "sqlite", "mysql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    urls: dict[str, Callable[[], str]] = {
        "postgresql": lambda: request.getfixturevalue("postgres_url"),
        "mysql": lambda: request.getfixturevalue("mysql_url"),
        "sqlite": lambda: f"sqlite:///{tmp_path}/shop.db",
    }
    async with Database(urls[request.param]()).lifespan() as database:
        async with database.engine().begin() as connection:
            await connection.run_sync(TABLES.create_all)
            await connection.execute(insert(ITEMS).values(id=1, must=1, name="a"))
        yield database


async def failure(database: Database, row: dict[str, object]) -> Exception:
    async with database.session() as session:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await session.execute(insert(ITEMS).values(**{"id": 2, "must": 1, **row}))
    return caught.value


@pytest.mark.parametrize("row", CONFLICTS.values(), ids=CONFLICTS)
async def test_a_row_in_the_way_is_a_conflict(database: Database, row: dict[str, object]) -> None:
    assert classify(await failure(database, row)) == "conflict"


@pytest.mark.parametrize("row", BAD_VALUES.values(), ids=BAD_VALUES)
async def test_a_value_that_cannot_be_held_is_a_bad_value(
    database: Database, row: dict[str, object]
) -> None:
    assert classify(await failure(database, row)) == "bad_value"


@pytest.mark.parametrize("row", BAD_IN_STRICT.values(), ids=BAD_IN_STRICT)
async def test_so_is_one_that_sqlite_alone_would_store(
    database: Database, row: dict[str, object]
) -> None:
    if database.url.backend != "sqlite":
        assert classify(await failure(database, row)) == "bad_value"


async def test_postgresql_holds_no_nul(postgres_url: str) -> None:
    async with Database(postgres_url).lifespan() as database, database.session() as session:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await session.execute(text("SELECT CAST(:value AS text)"), {"value": "a\0b"})
    assert classify(caught.value) == "bad_value"


async def test_wrong_sql_is_our_own_fault(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await session.execute(text("SELECT * FROM nothing"))
    assert classify(caught.value) is None


async def test_a_statement_that_took_too_long_is_no_outage(postgres_url: str) -> None:
    async with Database(postgres_url).lifespan() as database, database.session() as session:
        await session.execute(text("SET statement_timeout = 20"))
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await session.execute(text("SELECT pg_sleep(5)"))
    assert classify(caught.value) is None


@pytest.mark.parametrize("error", [ValueError(), OverflowError("cannot convert float infinity")])
def test_other_exceptions_are_none_of_its_business(error: Exception) -> None:
    assert classify(error) is None


def test_other_encodings_are_none_of_its_business() -> None:
    assert classify(UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range(128)")) is None


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_server_that_is_not_there_is_an_outage(scheme: str, free_port: int) -> None:
    database = Database(f"{scheme}://someone@127.0.0.1:{free_port}/shop")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with database.lifespan(), database.session() as session:
            await session.execute(text("SELECT 1"))
    assert classify(caught.value) == "unavailable"


async def test_a_connection_that_the_server_ends_is_an_outage(postgres_url: str) -> None:
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def end_others() -> None:
        await asyncio.sleep(0.2)
        other = Database(postgres_url, PoolOptions(size=1))
        async with other.session() as session:
            await session.execute(kill)

    async with Database(postgres_url).lifespan() as database, database.session() as session:
        await session.execute(text("SELECT 1"))
        ending = asyncio.create_task(end_others())
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await session.execute(text("SELECT pg_sleep(5)"))
        await ending
    assert classify(caught.value) == "unavailable"


async def test_a_full_pool_is_an_outage(postgres_url: str) -> None:
    database = Database(postgres_url, PoolOptions(size=1, overflow=0, timeout=0.05))
    async with database.lifespan(), database.session() as first, database.session() as second:
        await first.execute(text("SELECT 1"))
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await second.execute(text("SELECT 1"))
    assert classify(caught.value) == "unavailable"


async def test_a_locked_sqlite_is_an_outage(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/shop.db")
    async with database.lifespan(), database.session() as first:
        await first.execute(text("CREATE TABLE notes (id INTEGER)"))
        async with database.session("read") as second:
            await second.execute(text("PRAGMA busy_timeout = 20"))
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await second.execute(text("CREATE TABLE tags (id INTEGER)"))
    assert classify(caught.value) == "unavailable"


class Wire:
    """A way to a server that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self.server = (host, port)
        self.ends: set[asyncio.StreamWriter] = set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(*self.server)
        self.ends |= {writer, other_writer}
        await asyncio.gather(carry(reader, other_writer), carry(other_reader, writer))

    def cut(self) -> None:
        while self.ends:
            self.ends.pop().transport.abort()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return  # the wire was cut
    finally:
        writer.close()


async def test_whatever_a_cut_wire_raises_is_an_outage_and_it_passes(postgres_url: str) -> None:
    place = make_url(postgres_url)
    wire = Wire(place.host or "127.0.0.1", place.port or 5432)
    listener = await asyncio.start_server(wire.connect, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    url = place.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    failures: list[Exception] = []
    over = asyncio.Event()

    async def work(database: Database) -> None:
        while not over.is_set():
            try:
                async with database.transaction() as session:
                    await session.execute(text("SELECT 1"))
            except Exception as error:  # noqa: BLE001
                failures.append(error)

    async with listener, Database(url, PoolOptions(timeout=30)).lifespan() as database:
        working = [asyncio.create_task(work(database)) for _ in range(8)]
        for _ in range(5):
            await asyncio.sleep(0.1)
            wire.cut()
        over.set()
        await asyncio.gather(*working)
        await asyncio.sleep(0.2)  # the last cut arrives
        async with database.session() as session:
            assert await session.scalar(text("SELECT 1")) == 1
        await database.close()
    assert failures
    assert {classify(error) for error in failures} == {"unavailable"}


def test_a_connection_that_ends_while_it_is_set_up_is_an_outage() -> None:
    assert classify(asyncpg.InterfaceError("connection is closed")) == "unavailable"
    assert classify(asyncpg.exceptions.AdminShutdownError("terminating connection")) == (
        "unavailable"
    )
    assert classify(asyncpg.InterfaceError("another operation is in progress")) is None
