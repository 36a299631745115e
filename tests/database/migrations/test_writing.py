"""A new revision reads as if a careful person had written it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations
from zenith_server.database.migrations.difference import Difference
from zenith_server.database.migrations.writing import WIDTH, layout, revision_text, slug
from zenith_server.errors import Fault, ProjectError


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add tags & co.", "add_tags_co"),
        ("  ", ""),
        ("Größe", "gr_e"),
        ("x" * 99, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_message_becomes_a_name(message: str, expected: str) -> None:
    assert slug(message) == expected


def test_an_empty_first_revision() -> None:
    assert revision_text("0001", (), "Begin.", None) == (
        '"""Begin."""\n\n'
        'revision = "0001"\n'
        "down_revision: str | None = None\n\n\n"
        "def upgrade() -> None:\n    pass\n\n\n"
        "def downgrade() -> None:\n    pass\n"
    )


def test_only_what_is_used_is_imported() -> None:
    change = Difference(
        ("x",), (), ("from sqlalchemy.dialects import mysql", "import models.money"), "    op.a(1)",
        "    op.b(mysql.X, models.money.Y)",
    )  # fmt: skip
    assert revision_text("0002", ("0001",), "Go", change).startswith(
        '"""Go."""\n\n'
        "from alembic import op\n"
        "from sqlalchemy.dialects import mysql\n\n"
        "import models.money\n\n"
        'revision = "0002"\n'
        'down_revision = "0001"\n'
    )


@pytest.mark.parametrize("message", ['say "hi"', '"""', "a\\b", "ends in \\", "$id", "{x}"])
def test_any_message_makes_valid_code(message: str) -> None:
    ast.parse(revision_text("0001", (), message, None))


def test_a_short_statement_stays_on_its_line() -> None:
    assert layout("op.drop_column('users', 'name')") == '    op.drop_column("users", "name")'


def test_a_long_statement_has_a_line_for_each_argument() -> None:
    long = f"op.create_table('users', sa.Column('{'x' * 60}', sa.Integer(), nullable=False))"
    text = layout(long)
    assert text.splitlines()[:3] == [
        "    op.create_table(",
        '        "users",',
        "        sa.Column(",
    ]
    assert text.splitlines()[-1] == "    )"
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_a_block_is_indented() -> None:
    code = "with op.batch_alter_table('users') as batch_op:\n    batch_op.drop_column('name')"
    assert layout(code) == (
        '    with op.batch_alter_table("users") as batch_op:\n        batch_op.drop_column("name")'
    )


@pytest.mark.parametrize("code", ["pass", "x = 'a\"b'", "y = 'it\\'s'"])
def test_other_code_is_kept(code: str) -> None:
    assert ast.dump(ast.parse(layout(code).strip())) == ast.dump(ast.parse(code))


def declare(*columns: str) -> list[MetaData]:
    metadata = MetaData()
    Table("notes", metadata, *(Column(name, Integer, primary_key=name == "id") for name in columns))
    return [metadata]


async def test_made_revisions_are_numbered(sqlite: Database, folder: Path) -> None:
    first = await Migrations(sqlite, folder, declare("id")).make("Create notes!")
    await Migrations(sqlite, folder).upgrade()
    second = await Migrations(sqlite, folder, declare("id", "stars")).make("Add stars")
    assert [made.file and made.file.name for made in (first, second)] == [
        "0001_create_notes.py",
        "0002_add_stars.py",
    ]


async def test_an_empty_revision_can_be_made(sqlite: Database, folder: Path) -> None:
    made = await Migrations(sqlite, folder, declare("id")).make("Fill", empty=True)
    assert made.changes == ()
    assert made.file
    assert "op." not in made.file.read_text()


async def test_making_is_refused_while_a_model_file_is_broken(
    sqlite: Database, folder: Path
) -> None:
    broken = Fault("models/user.py cannot be imported", ("models/user.py:3",))
    with pytest.raises(ProjectError) as caught:
        await Migrations(sqlite, folder).make("Drop all", broken=[broken])
    assert caught.value.faults[0].where == ("models/user.py:3",)
    assert caught.value.faults[1] is broken
    assert Migrations(sqlite, folder).history() == ()


async def test_making_is_refused_while_the_database_is_behind(
    on_sqlite: Migrations, revise: Revise
) -> None:
    file = revise("0001")
    with pytest.raises(ProjectError, match="behind the migrations") as caught:
        await on_sqlite.make("More")
    assert f"  at migrations/{file.name}\n" in str(caught.value)
    assert "zenith-server db upgrade" in str(caught.value)


async def test_making_is_refused_while_the_database_is_ahead(
    on_sqlite: Migrations, revise: Revise
) -> None:
    revise("0001")
    newer = revise("0002")
    await on_sqlite.upgrade()
    newer.unlink()
    with pytest.raises(ProjectError, match="which this code does not know"):
        await on_sqlite.make("More")


@pytest.mark.parametrize("lost", ["drop table notes", "drop column notes.stars"])
async def test_making_is_refused_when_data_would_be_lost(
    sqlite: Database, folder: Path, lost: str
) -> None:
    await Migrations(sqlite, folder, declare("id", "stars")).make("Create notes")
    await Migrations(sqlite, folder).upgrade()
    less = declare("id") if "column" in lost else [MetaData()]
    migrations = Migrations(sqlite, folder, less)
    with pytest.raises(ProjectError, match=f"would lose data: {lost}"):
        await migrations.make("Less")
    assert (await migrations.make("Less", allow_drops=True)).changes == (lost,)


async def test_a_message_without_letters_is_refused(on_sqlite: Migrations) -> None:
    with pytest.raises(ProjectError, match="needs a letter or a digit"):
        await on_sqlite.make("?!")
