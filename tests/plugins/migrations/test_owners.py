"""Several databases: each has its own models, revisions and version table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import Command
from tests.projects import write_project
from zenith_server.boot import boot, prepare
from zenith_server.environment import Environment
from zenith_server.errors import ProjectError
from zenith_server.settings import Settings, read_settings

YAML = "databases: {analytics: {url: 'sqlite:///data/analytics.sqlite3'}}"
MODELS = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase): ...

    class One(Base):
        __tablename__ = "TABLE"
        id: Mapped[int] = mapped_column(primary_key=True)
"""
REVISION = """
    import sqlalchemy as sa
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade():
        op.create_table("TABLE", sa.Column("id", sa.Integer(), primary_key=True))

    def downgrade():
        op.drop_table("TABLE")
"""
ARTICLES, VISITS = (MODELS.replace("TABLE", name) for name in ("articles", "visits"))
TABLES = {
    "zenith.yaml": YAML,
    "data/.gitkeep": "",
    "models/article.py": ARTICLES,
    "models/analytics/visit.py": VISITS,
}
REVISIONS = {
    "migrations/0001_articles.py": REVISION.replace("TABLE", "articles"),
    "migrations/analytics/0001_visits.py": REVISION.replace("TABLE", "visits"),
}
FILES = {**TABLES, **REVISIONS}


def settings_of(folder: Path, files: dict[str, str], **environ: str) -> Settings:
    root = write_project(folder / "project", files)
    test = Environment("test", "from the test")
    return read_settings(root, environment=test, environ=environ)


def tables(folder: Path, name: str) -> set[str]:
    with closing(sqlite3.connect(folder / f"data/{name}.sqlite3")) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_each_database_is_migrated_before_anything_serves(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, FILES)
    assert prepare(settings) == (
        ("migrations", "up to date at 0001_articles, 1 now"),
        ("migrations of analytics", "up to date at 0001_visits, 1 now"),
    )
    assert tables(settings.root, "test") >= {"articles", "alembic_version"}
    assert tables(settings.root, "analytics") == {"visits", "alembic_version_analytics"} | {
        name for name in tables(settings.root, "analytics") if name.startswith("sqlite_")
    }


def test_two_databases_at_one_address_do_not_meet(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, FILES, DATABASE_URL="sqlite:///data/analytics.sqlite3")
    assert [row[1][-5:] for row in prepare(settings)] == ["1 now", "1 now"]
    assert tables(settings.root, "analytics") >= {"articles", "visits"}


def test_one_that_fails_leaves_those_before_it(tmp_path: Path) -> None:
    broken = REVISIONS["migrations/analytics/0001_visits.py"].replace("visits", "sqlite_visits")
    settings = settings_of(tmp_path, {**FILES, "migrations/analytics/0001_visits.py": broken})
    with pytest.raises(ProjectError) as caught:
        prepare(settings)
    assert caught.value.faults[0].where == ("migrations/analytics/0001_visits.py:8",)
    assert "articles" in tables(settings.root, "test")


def test_models_count_to_the_database_of_their_folder(command: Command, tmp_path: Path) -> None:
    made = command("db", "make", "Visits", "--database", "analytics", files=TABLES).out
    assert made.splitlines() == [
        "wrote migrations/analytics/0001_visits.py",
        "  create table visits",
        "Read it, then apply it: zenith-server db upgrade --database analytics",
    ]
    assert "  create table articles" in command("db", "make", "Articles").out
    assert command("db", "upgrade").out.splitlines() == [
        "applied 0001_articles",
        "migrations: up to date at 0001_articles",
        "applied 0001_visits",
        "migrations of analytics: up to date at 0001_visits",
    ]
    assert command("db", "check").code == 0
    assert command("db", "make", "More", "--database", "analytics").out.startswith("Nothing to do")


def test_a_model_that_only_refers_to_another_database_stays_where_it_is(
    command: Command,
) -> None:
    refers = f"    from models.article import One as Article\n{VISITS}"
    made = command(
        "db", "make", "Visits", "--database", "analytics",
        files={**TABLES, "models/analytics/visit.py": refers},
    )  # fmt: skip
    assert "  create table visits" in made.out
    assert "articles" not in made.out


def test_commands_without_a_name_tell_of_all(command: Command) -> None:
    command("db", "upgrade", "--database", "analytics", files=FILES)
    told = command("db", "status").out
    assert "database: sqlite:///data/test.sqlite3" in told
    assert "database of analytics: sqlite:///data/analytics.sqlite3" in told
    rows = command("db", "status", "--json").json()
    assert [(row["name"], row["state"]) for row in rows] == [
        ("default", "pending"),
        ("analytics", "up to date"),
    ]
    assert command("db", "status", "--json", "--database", "analytics").json()["name"] == (
        "analytics"
    )
    checked = command("db", "check", "--json").json()
    assert [row["name"] for row in checked] == ["default", "analytics"]
    names = command("db", "history", "--json", "--database", "analytics").json()
    assert [row["file"] for row in names] == ["migrations/analytics/0001_visits.py"]


def test_a_further_database_is_undone_alone(command: Command) -> None:
    command("db", "upgrade", files=FILES)
    told = command("db", "downgrade", "base", "--database", "analytics").out
    assert told.startswith("undid 0001_visits\n")
    assert "up to date" in command("db", "status", "--database", "default").out


def test_messages_name_the_command_for_the_database(command: Command) -> None:
    told = command("db", "make", "more", "--database", "analytics", files=FILES).err
    assert "zenith-server db upgrade --database analytics" in told


def test_a_database_that_is_not_there_is_said(command: Command) -> None:
    told = command("db", "status", "--database", "analitics", files=FILES)
    assert (told.code, 'Did you mean "analytics"' in told.err) == (1, True)


def test_a_folder_of_no_database_is_said(tmp_path: Path) -> None:
    moved = {**FILES, "migrations/analitics/0002_more.py": REVISION}
    with pytest.raises(ProjectError) as caught:
        boot(settings_of(tmp_path, moved))
    told = str(caught.value)
    assert "migrations/analitics/0002_more.py belongs to no database" in told
    assert "analytics" in told


def test_a_private_folder_is_kept_and_never_run(tmp_path: Path) -> None:
    prepare(settings_of(tmp_path, {**FILES, "migrations/_old/0002_more.py": REVISION}))


def test_one_base_for_two_databases_is_refused(tmp_path: Path) -> None:
    shared = """
        from models.article import Base
        from sqlalchemy.orm import Mapped, mapped_column

        class Visit(Base):
            __tablename__ = "visits"
            id: Mapped[int] = mapped_column(primary_key=True)
    """
    with pytest.raises(ProjectError, match="default and analytics share one base class"):
        boot(settings_of(tmp_path, {**FILES, "models/analytics/visit.py": shared}))


def test_a_model_of_another_database_than_its_folder_is_refused(tmp_path: Path) -> None:
    lost = """
        from sqlalchemy.orm import Mapped, mapped_column
        from zenith_server import Model

        class Visit(Model):
            __tablename__ = "visits"
            id: Mapped[int] = mapped_column(primary_key=True)
    """
    with pytest.raises(ProjectError, match="Visit says that it is of the database default") as told:
        boot(settings_of(tmp_path, {**FILES, "models/analytics/visit.py": lost}))
    assert '__database__ = "analytics"' in str(told.value)


def test_models_without_migrations_get_a_hint_for_their_database(tmp_path: Path) -> None:
    facts = dict(boot(settings_of(tmp_path, TABLES)).facts())
    assert facts["migrations of analytics"] == (
        "none yet: zenith-server db make MESSAGE --database analytics"
    )
