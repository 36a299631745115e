"""A revision made from the models does what they say, and undoes it, on every database."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB
from sqlalchemy.types import UserDefinedType

from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations
from zenith_server.database.migrations.sql_text import pieces


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Money(TypeDecorator[Any]):
    impl = Numeric(10, 2)
    cache_ok = True


class Painted(TypeDecorator[Any]):
    impl = Enum(Colour)
    cache_ok = True


@pytest.fixture
def tables() -> MetaData:
    metadata = MetaData()
    Table(
        "users",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("email", String(200), nullable=False, unique=True, index=True),
        Column("active", Boolean, nullable=False, server_default=true()),
        Column("hidden", Boolean, nullable=False, server_default=false()),
        Column("logins", Integer, server_default="0"),
        Column("role", String(20), server_default=text("'guest'")),
        Column("created", DateTime, server_default=func.now()),
        Column("price", Money),
        Column("token", Uuid),
        Column("extra", JSON),
        Column("colour", Enum(Colour)),
    )
    Table(
        "posts",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
        Column("body", Text),
    )
    return metadata


@pytest.fixture
def migrations(database: Database, folder: Path, tables: MetaData) -> Migrations:
    return Migrations(database, folder, [tables])


async def test_applied_it_leaves_nothing_to_do(migrations: Migrations) -> None:
    await migrations.make("Create users and posts")
    await migrations.upgrade()
    assert (await migrations.make("Again")).file is None


async def test_undone_it_can_be_applied_again(migrations: Migrations) -> None:
    await migrations.make("Create users and posts")
    await migrations.upgrade()
    await migrations.downgrade("base")
    assert (await migrations.upgrade()).state.state == "up to date"


async def test_columns_added_later_do_the_same(migrations: Migrations, tables: MetaData) -> None:
    await migrations.make("Create users and posts")
    await migrations.upgrade()
    tables.tables["posts"].append_column(Column("title", String(50), index=True))
    tables.tables["posts"].append_column(Column("mood", Enum("good", "bad", name="mood")))
    tables.tables["posts"].append_column(Column("colour", Painted))
    tables.tables["users"].c.logins.nullable = False
    made = await migrations.make("Add titles")
    assert made.changes == (
        "add column posts.title",
        "add column posts.mood",
        "add column posts.colour",
        "create index ix_posts_title on posts",
        "alter column users.logins",
    )
    await migrations.upgrade()
    await migrations.downgrade("-1")
    await migrations.upgrade()
    assert (await migrations.make("Again")).file is None


def with_moods(*moods: str) -> MetaData:
    metadata = MetaData()
    kind = Enum(*moods, name="mood")
    Table("days", metadata, Column("id", Integer, primary_key=True), Column("mood", kind))
    return metadata


@pytest.mark.parametrize("backend", ["postgres_url", "mysql_url"])
async def test_new_values_of_an_enumeration_are_added(
    request: pytest.FixtureRequest, backend: str, folder: Path
) -> None:
    async with Database(request.getfixturevalue(backend)).lifespan() as database:
        first = Migrations(database, folder, [with_moods("bad", "good")])
        await first.make("Days")
        await first.upgrade()
        grown = Migrations(database, folder, [with_moods("awful", "bad", "it's so", "good")])
        made = await grown.make("More moods")
        if backend == "postgres_url":
            assert made.changes == ("add value mood.awful", "add value mood.it's so")
            assert await grown.review(grown.history()[-1:]) == ()
        await grown.upgrade()
        async with database.transaction() as session:
            insert = text("INSERT INTO days VALUES (1, 'it''s so'), (2, 'awful'), (3, 'bad')")
            await session.execute(insert)
            ordered = await session.scalars(text("SELECT id FROM days ORDER BY mood"))
            assert ordered.all() == [2, 3, 1]
        assert (await grown.make("Again")).file is None


async def version(url: str) -> str:
    async with Database(url).transaction() as session:
        return str(await session.scalar(text("SELECT version()")))


async def run_script(database: Database, script: str) -> None:
    """Run a script as a client would: statement by statement."""
    backend = database.url.backend
    async with database.engine().connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for piece in pieces(script, backend):
            if piece.kind == "statement":
                await connection.exec_driver_sql(piece.text.replace("%", "%%"))


@pytest.mark.parametrize("backend", ["postgres_url", "mysql_url"])
async def test_a_script_makes_enumerations_and_lets_them_grow(
    request: pytest.FixtureRequest, backend: str, folder: Path, tables: MetaData
) -> None:
    url = request.getfixturevalue(backend)
    is_mariadb = backend == "mysql_url" and "MariaDB" in await version(url)
    named = url.replace("mysql", "mariadb", 1) if is_mariadb else url
    async with Database(named).lifespan() as database:
        first = Migrations(database, folder, [tables, with_moods("bad", "good")])
        await first.make("Days")
        script = await first.script()
        await first.upgrade()
        grown = Migrations(database, folder, [tables, with_moods("bad", "so", "good")])
        tables.tables["posts"].append_column(Column("weather", Enum("sun", "rain", name="weather")))
        await grown.make("More moods")
        script_of_more = await grown.script(since="0001")
        await grown.downgrade("base")
        await run_script(database, "DROP TABLE alembic_version")
        await run_script(database, script)
        await run_script(database, script_of_more)
        assert (await grown.make("Again")).file is None
        assert (await grown.status()).state == "up to date"


async def test_values_that_models_lost_stay(postgres_url: str, folder: Path) -> None:
    async with Database(postgres_url).lifespan() as database:
        first = Migrations(database, folder, [with_moods("bad", "good")])
        await first.make("Days")
        await first.upgrade()
        assert (await Migrations(database, folder, [with_moods("good")]).make("No")).file is None


async def test_a_revision_from_sqlite_suits_postgresql(
    sqlite: Database, postgres_url: str, folder: Path, tables: MetaData
) -> None:
    await Migrations(sqlite, folder, [tables]).make("Create users and posts")
    async with Database(postgres_url).lifespan() as postgresql:
        other = Migrations(postgresql, folder, [tables])
        await other.upgrade()
        assert (await other.make("Again")).file is None


async def test_types_of_postgresql_are_imported(postgres_url: str, folder: Path) -> None:
    metadata = MetaData()
    Table(
        "things",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("data", JSONB),
        Column("tags", ARRAY(String)),
        Column("mood", ENUM("good", "bad", name="mood")),
        Column("plain", Enum("a", "b", name="plain", native_enum=False)),
    )
    async with Database(postgres_url).lifespan() as database:
        migrations = Migrations(database, folder, [metadata])
        made = await migrations.make("Create things")
        assert made.file
        assert "from sqlalchemy.dialects import postgresql\n" in made.file.read_text()
        await migrations.upgrade()
        await migrations.downgrade("base")
        await migrations.upgrade()
        assert (await migrations.make("Again")).file is None


async def test_a_type_that_wraps_another_is_written_as_that(
    sqlite: Database, folder: Path, tables: MetaData
) -> None:
    made = await Migrations(sqlite, folder, [tables]).make("Create users and posts")
    assert made.file
    assert 'sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=True)' in (
        made.file.read_text()
    )


@pytest.fixture
def point_module() -> Iterator[ModuleType]:
    module = sys.modules["shapes"] = ModuleType("shapes")

    class Point(UserDefinedType[Any]):
        __module__ = "shapes"
        cache_ok = True

        def get_col_spec(self, **_: object) -> str:
            return "TEXT"

    module.__dict__["Point"] = Point
    yield module
    del sys.modules["shapes"]


async def test_a_type_of_the_project_is_imported(
    sqlite: Database, folder: Path, point_module: ModuleType
) -> None:
    metadata = MetaData()
    Table("places", metadata, Column("at", point_module.__dict__["Point"]))
    migrations = Migrations(sqlite, folder, [metadata])
    made = await migrations.make("Create places")
    assert made.file
    assert "\n\nimport shapes\n\n" in made.file.read_text()
    assert (await migrations.upgrade()).state.state == "up to date"
