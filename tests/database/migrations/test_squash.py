"""One revision replaces all, makes what they made, and loses nothing in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    text,
)

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations, Squash, squash
from zenith_server.errors import Fault, ProjectError

BACKENDS = ["postgresql", "sqlite", "mysql"]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return a function that gives another empty database of a kind."""

    def new(backend: str) -> str:
        if backend == "sqlite":
            return f"sqlite:///{tmp_path}/another.db"
        name = "new_postgres_url" if backend == "postgresql" else "new_mysql_url"
        return str(request.getfixturevalue(name)())

    return new


def shop(*, titled: bool) -> MetaData:
    metadata = MetaData()
    Table(
        "users",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("mood", Enum("bad", "good", name="mood")),
    )
    posts = Table(
        "posts",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("users.id")),
    )
    if titled:
        posts.append_column(Column("title", String(40), index=True))
    return metadata


async def two_made(database: Database, folder: Path) -> Migrations:
    """Return migrations of which two are made and applied."""
    for titled in (False, True):
        migrations = Migrations(database, folder, [shop(titled=titled)])
        await migrations.make("Titles" if titled else "Users and posts")
        await migrations.upgrade()
    return Migrations(database, folder, [shop(titled=True)])


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.glob("*.*")]


async def planned(migrations: Migrations, **options: object) -> Squash:
    found = await squash(migrations, **options)  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


async def refused(migrations: Migrations, **options: object) -> Fault:
    before = sorted(migrations.folder.iterdir())
    with pytest.raises(ProjectError) as caught:
        await squash(migrations, **options)  # pyright: ignore[reportArgumentType]
    assert sorted(migrations.folder.iterdir()) == before
    return caught.value.faults[0]


async def test_an_empty_database_gets_the_same_from_one_revision(
    database: Database, folder: Path, new_url: Callable[[str], str]
) -> None:
    (await planned(await two_made(database, folder))).write()
    assert names(folder) == ["0002_squashed.py"]
    async with Database(new_url(database.url.backend)).lifespan() as empty:
        migrations = Migrations(empty, folder, [shop(titled=True)])
        run = await migrations.upgrade()
        assert [revision.name for revision in run.ran] == ["0002_squashed"]
        assert (await migrations.difference()).changes == ()
        assert (await migrations.downgrade("base")).state.state == "pending"


async def test_a_database_at_the_last_one_needs_nothing(database: Database, folder: Path) -> None:
    migrations = await two_made(database, folder)
    (await planned(migrations)).write()
    assert (await migrations.upgrade()).ran == ()
    assert (await migrations.status()).summary == "up to date at 0002_squashed"
    assert (await migrations.make("Nothing")).file is None
    made = await migrations.make("By hand", empty=True)
    assert made.file is not None
    assert made.file.name == "0003_by_hand.py"
    assert [each.name for each in (await migrations.upgrade()).ran] == ["0003_by_hand"]


async def test_a_database_that_was_left_behind_is_refused(sqlite: Database, folder: Path) -> None:
    migrations = await two_made(sqlite, folder)
    found = await planned(migrations)
    await migrations.downgrade("-1")
    found.write()
    assert (await migrations.status()).state == "left behind"
    with pytest.raises(ProjectError) as caught:
        await migrations.upgrade()
    fault = caught.value.faults[0]
    assert fault.what == "The database is at revision 0001, which 0002_squashed has replaced"
    assert fault.fixes[0].startswith("Migrate it to 0002 with the release before the squash")


async def test_a_second_squash_knows_what_the_first_replaced(
    sqlite: Database, folder: Path
) -> None:
    migrations = await two_made(sqlite, folder)
    (await planned(migrations)).write()
    await migrations.make("By hand", empty=True)
    await migrations.upgrade()
    (await planned(migrations)).write()
    (only,) = migrations.history()
    assert (only.name, only.replaces) == ("0003_squashed", ("0001", "0002"))


async def test_one_revision_is_no_more_to_squash(sqlite: Database, folder: Path) -> None:
    migrations = await two_made(sqlite, folder)
    (await planned(migrations)).write()
    assert await squash(migrations) is None


async def test_a_database_that_is_behind_is_refused(sqlite: Database, folder: Path) -> None:
    migrations = await two_made(sqlite, folder)
    await migrations.downgrade("-1")
    assert (await refused(migrations)).what == "The database is behind the migrations"


async def test_two_heads_are_refused(sqlite: Database, folder: Path, revise: Revise) -> None:
    migrations = await two_made(sqlite, folder)
    revise("0003", down="0001")
    assert "2 heads" in (await refused(migrations)).what


async def test_models_that_differ_are_refused(sqlite: Database, folder: Path) -> None:
    await two_made(sqlite, folder)
    fault = await refused(Migrations(sqlite, folder, [shop(titled=False)]))
    assert "drop column posts.title" in fault.where
    assert "zenith-server db make" in fault.fixes[0]


async def test_a_broken_model_file_is_refused(sqlite: Database, folder: Path) -> None:
    broken = Fault("models/a.py cannot be imported", ("models/a.py:1",))
    fault = await refused(await two_made(sqlite, folder), broken=[broken])
    assert fault.what == "The models cannot be compared with the database"


SQL = """
-- Seed.
-- revision: 0004
-- down_revision: 0003
INSERT INTO users (id) VALUES (7);
UPDATE posts SET title = 'a:b 100%';
"""


async def by_hand(database: Database, folder: Path, revise: Revise) -> Migrations:
    migrations = await two_made(database, folder)
    revise("0003", 'op.execute("INSERT INTO users (id) VALUES (6)")')
    (folder / "0004_seed.sql").write_text(SQL)
    users = 'sa.table("users", sa.column("id", sa.Integer))'
    revise("0005", f'op.bulk_insert({users}, [{{"id": 8}}, {{"id": 9}}])')
    await migrations.upgrade()
    return migrations


async def test_what_is_written_by_hand_is_asked_about(
    sqlite: Database, folder: Path, revise: Revise
) -> None:
    fault = await refused(await by_hand(sqlite, folder, revise))
    assert fault.what == "The migrations do 5 things that the models do not say"
    assert fault.where[:2] == (
        "migrations/0003_step.py:11  INSERT INTO users (id) VALUES (6)",
        "migrations/0004_seed.sql:5  INSERT INTO users (id) VALUES (7)",
    )
    assert [fix.rpartition(": ")[2] for fix in fault.fixes] == ["--steps keep", "--steps drop"]


async def test_statements_are_carried_over(
    database: Database, folder: Path, revise: Revise, new_url: Callable[[str], str]
) -> None:
    found = await planned(await by_hand(database, folder, revise), steps="keep")
    found.write()
    assert len(found.kept) == 5
    assert names(folder) == ["0005_squashed.py"]
    async with Database(new_url(database.url.backend)).lifespan() as empty:
        await Migrations(empty, folder).upgrade()
        async with empty.transaction() as session:
            rows = await session.scalars(text("SELECT id FROM users ORDER BY id"))
            assert rows.all() == [6, 7, 8, 9]


async def test_they_are_left_out_if_that_is_asked_for(
    sqlite: Database, folder: Path, revise: Revise
) -> None:
    found = await planned(await by_hand(sqlite, folder, revise), steps="drop")
    assert len(found.dropped) == 5
    assert "INSERT" not in found.content


@pytest.mark.parametrize(
    "code",
    [
        'op.get_bind().execute(sa.text("UPDATE users SET id = id"))',
        "[row.id for row in op.get_bind().execute(sa.text('SELECT 1')).one()]",
    ],
)
async def test_what_only_python_knows_is_not_carried_over(
    sqlite: Database, folder: Path, revise: Revise, code: str
) -> None:
    migrations = await two_made(sqlite, folder)
    revise("0003", code)
    async with sqlite.engine().begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    fault = await refused(migrations, steps="keep")
    assert fault.what == "Not all that the migrations do can be carried over"
    assert fault.where[0].startswith("migrations/0003_step.py")


async def test_a_check_that_no_model_has_is_not_lost_in_silence(
    postgres_url: str, folder: Path, revise: Revise
) -> None:
    async with Database(postgres_url).lifespan() as database:
        migrations = await two_made(database, folder)
        revise("0003", 'op.create_check_constraint("positive", "posts", "id > 0")')
        await migrations.upgrade()
        told = "CHECK (id > 0) of posts, which no model declares"
        assert told in (await refused(migrations)).where[0]
        declared = shop(titled=True)
        declared.tables["posts"].append_constraint(CheckConstraint("id > 0", name="positive"))
        assert "positive" in (await planned(Migrations(database, folder, [declared]))).content


async def test_types_and_extensions_come_before_the_tables(
    postgres_url: str, folder: Path, revise: Revise
) -> None:
    async with Database(postgres_url).lifespan() as database:
        migrations = await two_made(database, folder)
        revise("0003", 'op.execute("CREATE DOMAIN cents AS int")')
        (folder / "0004_index.sql").write_text(
            "-- revision: 0004\n-- down_revision: 0003\n-- transaction: none\n"
            "VACUUM posts;\nVACUUM users"
        )
        await migrations.upgrade()
        content = (await planned(migrations, steps="keep")).content
    assert content.index("CREATE DOMAIN") < content.index("op.create_table")
    assert content.index("op.create_table") < content.index("autocommit_block")
