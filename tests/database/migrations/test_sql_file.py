"""Revisions in plain SQL stand beside those in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations
from zenith_server.errors import ProjectError

HEAD = "-- Add notes.\n-- revision: 0002\n-- down_revision: 0001\n"


@pytest.fixture
def migrations(database: Database, folder: Path, revise: Revise) -> Migrations:
    revise("0001", 'op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, name VARCHAR(40))")')
    revise("0003", "pass", down="0002")
    return Migrations(database, folder)


def write(folder: Path, content: str, name: str = "0002_notes.sql") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    return folder / name


async def names(database: Database) -> list[str]:
    async with database.session("read") as session:
        return list(await session.scalars(text("SELECT name FROM notes ORDER BY id")))


async def test_it_runs_between_others_and_back(migrations: Migrations, folder: Path) -> None:
    write(
        folder,
        f"{HEAD}\n-- upgrade\nINSERT INTO notes VALUES (1, 'a;b %s :c');\n"
        "INSERT INTO notes VALUES (2, 'it''s 100%');\n\n-- downgrade\nDELETE FROM notes;\n",
    )
    assert [each.message for each in migrations.history()] == [
        "Step 0001",
        "Add notes",
        "Step 0003",
    ]
    run = await migrations.upgrade()
    assert [revision.name for revision in run.ran] == ["0001_step", "0002_notes", "0003_step"]
    assert await names(migrations.database) == ["a;b %s :c", "it's 100%"]
    await migrations.downgrade("0001")
    assert await names(migrations.database) == []


async def test_a_failing_statement_is_placed(migrations: Migrations, folder: Path) -> None:
    write(folder, f"{HEAD}INSERT INTO notes VALUES (1, 'a');\n\nINSERT INTO nothing VALUES (1);\n")
    with pytest.raises(ProjectError) as caught:
        await migrations.upgrade()
    fault = caught.value.faults[0]
    assert fault.where == ("migrations/0002_notes.sql:6",)
    assert "The statement was: INSERT INTO nothing VALUES (1)" in fault.why
    assert await names(migrations.database) == []


async def test_without_a_downgrade_there_is_no_way_back(
    migrations: Migrations, folder: Path
) -> None:
    write(folder, f"{HEAD}INSERT INTO notes VALUES (1, 'a');\n")
    await migrations.upgrade()
    with pytest.raises(ProjectError, match=r"0002_notes\.sql has no section -- downgrade"):
        await migrations.downgrade("0001")


async def test_bodies_in_dollars_and_casts_run_on_postgresql(
    postgres_url: str, folder: Path
) -> None:
    write(
        folder,
        "-- revision: 0001\n-- down_revision: none\n"
        "CREATE FUNCTION twice(a int) RETURNS int LANGUAGE plpgsql AS $body$\n"
        "BEGIN\n  -- downgrade\n  RETURN a * 2; -- ;\nEND;\n$body$;\n"
        "CREATE TABLE made AS SELECT twice(21)::text AS value, '{\"a\": 1}'::jsonb AS data;\n",
    )
    async with Database(postgres_url).lifespan() as database:
        await Migrations(database, folder).upgrade()
        async with database.session("read") as session:
            assert await session.scalar(text("SELECT value FROM made")) == "42"


async def test_it_may_do_without_a_transaction(postgres_url: str, folder: Path) -> None:
    first = "-- revision: 0001\n-- down_revision: none\nCREATE TABLE a (id int);"
    write(folder, first, "0001_a.sql")
    write(
        folder,
        "-- revision: 0002\n-- down_revision: 0001\n-- transaction: none\n"
        "CREATE INDEX CONCURRENTLY ix_a ON a (id);\nVACUUM a;\n",
    )
    async with Database(postgres_url).lifespan() as database:
        migrations = Migrations(database, folder)
        assert len((await migrations.upgrade()).ran) == 2


async def test_it_is_reviewed_by_line(sqlite: Database, folder: Path) -> None:
    write(
        folder,
        "-- revision: 0001\n-- down_revision: none\n\nCREATE TABLE a (id int);\n"
        "ALTER TABLE a DROP COLUMN b;\nALTER TABLE users DROP COLUMN name;\n",
    )
    migrations = Migrations(sqlite, folder)
    found = await migrations.review(migrations.history(), dialect="postgresql")
    told = [(finding.kind, finding.fault.where) for finding in found]
    assert told == [("drop column", ("migrations/0002_notes.sql:6",))]


async def test_a_reason_keeps_the_review_away(sqlite: Database, folder: Path) -> None:
    write(
        folder,
        "-- revision: 0001\n-- down_revision: none\n-- reviewed: nobody reads it\n"
        "DROP TABLE users;\n",
    )
    migrations = Migrations(sqlite, folder)
    assert await migrations.review(migrations.history(), dialect="postgresql") == ()


async def test_it_is_in_the_script_too(sqlite: Database, folder: Path) -> None:
    write(
        folder, "-- revision: 0001\n-- down_revision: none\nCREATE TABLE a (b text DEFAULT ':c%')"
    )
    assert "CREATE TABLE a (b text DEFAULT ':c%')" in await Migrations(sqlite, folder).script()


@pytest.mark.parametrize(
    ("content", "said", "line"),
    [
        ("SELECT 1;", "does not say its revision and down_revision", 1),
        ("-- revision: 0002\nSELECT 1;", "does not say its down_revision", 1),
        (HEAD, "has no statements", 1),
        (f"{HEAD}BEGIN;\nSELECT 1;\nCOMMIT;", "has BEGIN of its own", 4),
        (f"{HEAD}-- transaction: yes\nSELECT 1", "-- transaction: yes means nothing", 1),
        (f"{HEAD}DELIMITER //\nSELECT 1", "delimiter is a command of a client", 4),
        (f"{HEAD}SELECT 'a", "A quote (') does not end", 4),
    ],
)
def test_what_is_no_revision_is_said(
    sqlite: Database, folder: Path, content: str, said: str, line: int
) -> None:
    write(folder, content)
    with pytest.raises(ProjectError) as caught:
        Migrations(sqlite, folder).history()
    fault = caught.value.faults[0]
    assert said in fault.what
    assert fault.where == (f"migrations/0002_notes.sql:{line}",)
    assert fault.fixes
