"""A new revision reads as if a careful person had written it."""

from __future__ import annotations

import ast

import pytest

from zenith_server.database.migrations.difference import Difference
from zenith_server.database.migrations.writing import WIDTH, layout, revision_text, slug


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
