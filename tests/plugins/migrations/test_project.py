"""Commands and starts work on the database that `app.py` names, where it names one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import Command
from tests.projects import write_project
from zenith_server.boot import prepare
from zenith_server.environment import Environment
from zenith_server.settings import read_settings

MODEL = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase): ...

    class Article(Base):
        __tablename__ = "articles"
        id: Mapped[int] = mapped_column(primary_key=True)
"""
REVISION = """
    import sqlalchemy as sa
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade():
        op.create_table("articles", sa.Column("id", sa.Integer(), primary_key=True))

    def downgrade():
        op.drop_table("articles")
"""
PLUGIN = """
    from zenith_server import Plugin

    class Nothing(Plugin):
        name = "nothing"
"""
APP = """
    from pathlib import Path

    from models.article import Article
    from zenith_server import Database, Zenith

    FILE = Path(__file__).parent / "data/of_the_app.sqlite3"
    app = Zenith()
    app.{declared}
"""
NAMED = [
    "setup_database('sqlite:///data/of_the_app.sqlite3')",
    "configure_database(Database(f'sqlite:///{FILE}'))",
]


def files(declared: str) -> dict[str, str]:
    return {
        "app.py": APP.format(declared=declared),
        "data/.gitkeep": "",
        "models/article.py": MODEL,
        "migrations/0001_articles.py": REVISION,
        "plugins/nothing.py": PLUGIN,  # its file is imported before the others are known
    }


def tables(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "data/of_the_app.sqlite3")) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


@pytest.mark.parametrize("declared", NAMED)
def test_a_start_migrates_the_database_of_the_app(declared: str, tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", files(declared))
    test = Environment("test", "from the test")
    prepare(read_settings(root, environment=test, environ={}))
    assert "articles" in tables(root)
    assert not (root / "data/test.sqlite3").exists()


@pytest.mark.parametrize("declared", NAMED)
def test_commands_work_on_the_database_of_the_app(
    declared: str, command: Command, tmp_path: Path
) -> None:
    told = command("db", "status", files=files(declared))
    assert "of_the_app.sqlite3" in told.out, told.err
    assert command("db", "upgrade").out.startswith("applied 0001_articles\n")
    assert "articles" in tables(tmp_path)
    assert command("db", "check").code == 0
    assert command("db", "make", "more").out.startswith("Nothing to do")
    assert command("db", "downgrade", "base").out.startswith("undid 0001_articles\n")
    assert "articles" not in tables(tmp_path)
    assert not (tmp_path / "data/test.sqlite3").exists()


def test_scripts_are_written_for_the_database_of_the_app(command: Command) -> None:
    script = command("db", "sql", files=files("setup_database('postgresql://db/shop')")).out
    assert "id SERIAL NOT NULL" in script


def test_the_default_database_is_known_though_only_the_app_names_it(command: Command) -> None:
    further = "databases: {analytics: {url: 'sqlite:///data/analytics.sqlite3'}}"
    app = {"zenith.yaml": further, "app.py": APP.format(declared=NAMED[0])}
    only = {**app, "data/.gitkeep": "", "models/article.py": MODEL}
    rows = command("db", "status", "--json", files=only).json()
    assert [row["name"] for row in rows] == ["default", "analytics"]


def test_an_app_that_cannot_be_imported_stops_a_command(command: Command) -> None:
    broken = {**files(NAMED[0]), "app.py": "import nowhere_to_be_found"}
    told = command("db", "upgrade", files=broken)
    assert (told.code, "app.py:1" in told.err) == (1, True)


def test_routes_do_not_concern_a_command(command: Command) -> None:
    broken = {**files(NAMED[0]), "routes/index.py": "import nowhere_to_be_found"}
    assert command("db", "upgrade", files=broken).code == 0
