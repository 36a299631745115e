from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.commands import Command
from tests.conftest import Server
from tests.projects import write_project
from zenith_server.boot import boot, prepare
from zenith_server.environment import Environment
from zenith_server.errors import ProjectError
from zenith_server.settings import Settings, read_settings

MODEL = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase): ...

    class Article(Base):
        __tablename__ = "articles"
        id: Mapped[int] = mapped_column(primary_key=True)
"""
FIRST = """
    \"\"\"Add articles.\"\"\"

    import sqlalchemy as sa
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade():
        op.create_table("articles", sa.Column("id", sa.Integer(), primary_key=True))

    def downgrade():
        op.drop_table("articles")
"""
MODELS = {"models/article.py": MODEL}
FILES = {**MODELS, "migrations/0001_add_articles.py": FIRST}


def settings_of(folder: Path, on_start: str = "auto", files: dict[str, str] = FILES) -> Settings:
    root = write_project(folder / "project", {"data/.gitkeep": "", **files})
    environ = {"ZENITH_MIGRATIONS__ON_START": on_start}
    return read_settings(root, environment=Environment("test", "from the test"), environ=environ)


def test_auto_migrates_before_anything_serves(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert prepare(settings) == (("migrations", "up to date at 0001_add_articles, 1 now"),)
    assert prepare(settings) == (("migrations", "up to date at 0001_add_articles"),)


def test_check_refuses_to_serve_what_is_not_migrated(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        prepare(settings_of(tmp_path, "check"))
    fault = caught.value.faults[0]
    assert fault.what == "The database lacks 1 of the migrations"
    assert fault.where == ("migrations/0001_add_articles.py",)


def test_check_serves_what_is_migrated(tmp_path: Path) -> None:
    prepare(settings_of(tmp_path))
    assert prepare(settings_of(tmp_path, "check"))[0][1] == "up to date at 0001_add_articles"


def test_off_looks_at_nothing_and_says_so(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "off")
    assert prepare(settings) == ()
    facts = dict(boot(settings).facts())
    assert facts["migrations"] == "not looked at: migrations.on_start is off"


def test_models_without_migrations_get_a_hint(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, files=MODELS)
    assert prepare(settings) == ()
    assert dict(boot(settings).facts())["migrations"] == "none yet: zenith-server db make MESSAGE"


def test_a_project_without_a_database_hears_nothing_of_migrations(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, files={"routes/index.py": "async def get(): return 1"})
    assert [name for name, _ in boot(settings).facts()] == ["routes"]


async def test_readiness_waits_for_the_migrations(serve: Server, tmp_path: Path) -> None:
    app = await serve({"data/.gitkeep": "", **FILES})
    before = await app.get("/health")
    assert before.status == 503
    told = before.json()["checks"]["migrations"]["detail"]
    assert told == "RuntimeError: 1 pending: 0001_add_articles"
    await asyncio.to_thread(prepare, settings_of(tmp_path))
    await asyncio.sleep(1.1)  # results of checks are kept for a second
    assert (await app.get("/health/ready")).status == 200
    await asyncio.sleep(1.1)
    assert (await app.get("/health/ready")).status == 200


def test_a_migration_is_made_from_the_models(command: Command, tmp_path: Path) -> None:
    ran = command("db", "make", "Add articles", files={"data/.gitkeep": "", **MODELS})
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "wrote migrations/0001_add_articles.py",
        "  create table articles",
        "Read it, then apply it: zenith-server db upgrade",
    ]
    assert "op.create_table(" in (tmp_path / "migrations/0001_add_articles.py").read_text()


def test_a_whole_life_of_migrations(command: Command) -> None:
    files = {"data/.gitkeep": "", **FILES}
    assert "pending: 0001_add_articles" in command("db", "status", files=files).out
    assert command("db", "upgrade").out == (
        "applied 0001_add_articles\nmigrations: up to date at 0001_add_articles\n"
    )
    assert command("db", "make", "Nothing").out.startswith("Nothing to do")
    assert command("db", "make", "By hand", "--empty").code == 0
    assert command("db", "upgrade", "+1").out.startswith("applied 0002_by_hand\n")
    assert command("db", "downgrade", "base").out.startswith("undid 0002_by_hand\nundid 0001")


def test_dropping_asks_for_consent(command: Command) -> None:
    command("db", "upgrade", files={"data/.gitkeep": "", **FILES})
    empty = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): ..."
    refused = command("db", "make", "Clean", files={"models/article.py": empty})
    assert (refused.code, "drop table articles" in refused.err) == (1, True)
    made = command("db", "make", "Clean", "--allow-drops")
    assert "  drop table articles" in made.out


SECOND = """
    from alembic import op

    revision = "0002"
    down_revision = "0001"

    def upgrade():
        op.drop_table("articles")

    def downgrade(): ...
"""
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJK"
DROPPED = {"migrations/0002_drop_articles.py": SECOND}
MARKED = {"migrations/0002_drop_articles.py": f'{SECOND}\n    reviewed = "never used"\n'}


def in_production(folder: Path, files: dict[str, str]) -> Settings:
    root = write_project(folder / "project", {"data/.gitkeep": "", **FILES, **files})
    environ = {"DATABASE_URL": f"sqlite:///{root}/data/shop.db", "SECRET_KEY": KEY}
    production = Environment("production", "from the test")
    return read_settings(root, environment=production, environ=environ)


def test_production_refuses_what_is_dangerous_for_tables_in_use(tmp_path: Path) -> None:
    prepare(in_production(tmp_path, {}))
    with pytest.raises(ProjectError) as caught:
        prepare(in_production(tmp_path, DROPPED))
    first, second = caught.value.faults
    assert first.what.startswith("Production refuses pending migrations: 1 of their changes")
    assert second.what == "articles is dropped"
    assert second.where == ("migrations/0002_drop_articles.py:7",)
    assert prepare(in_production(tmp_path, MARKED))[0][1].endswith("0002_drop_articles, 1 now")


def test_production_lets_a_new_database_run_all_of_them(tmp_path: Path) -> None:
    assert prepare(in_production(tmp_path, DROPPED))[0][1].endswith("0002_drop_articles, 2 now")


def test_the_command_in_production_refuses_it_too(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZENITH_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert command("db", "upgrade", files=FILES).code == 0
    refused = command("db", "upgrade", files=DROPPED)
    assert refused.code == 1
    assert refused.err.startswith("Production refuses pending migrations")


def test_a_new_migration_is_reviewed_as_on_postgresql(command: Command) -> None:
    command("db", "upgrade", files={"data/.gitkeep": "", **FILES})
    model = f"{MODEL}        title: Mapped[str]\n"
    made = command("db", "make", "Add titles", files={"models/article.py": model})
    assert "\nreview, as on PostgreSQL:\n\narticles.title is added without a value" in made.out
    assert "  at migrations/0002_add_titles.py:" in made.out


def test_the_check_agrees_with_what_is_migrated(command: Command) -> None:
    command("db", "upgrade", files={"data/.gitkeep": "", **FILES})
    ran = command("db", "check")
    assert (ran.code, ran.out) == (
        0,
        "migrations: up to date at 0001_add_articles\nmodels: as in the database\n",
    )


def test_the_check_tells_what_the_database_lacks(command: Command) -> None:
    command("db", "upgrade", files={"data/.gitkeep": "", **FILES})
    model = f"{MODEL}        title: Mapped[str]\n"
    ran = command("db", "check", files={"models/article.py": model})
    assert ran.code == 1
    assert "  the database lacks: add column articles.title\n" in ran.out


def test_the_check_reviews_what_is_pending(command: Command) -> None:
    command("db", "upgrade", files={"data/.gitkeep": "", **FILES})
    ran = command("db", "check", files=DROPPED)
    assert ran.code == 1
    assert "models: not compared while migrations are pending" in ran.out
    assert "articles is dropped, and the models still use it" in ran.out


def test_the_check_reviews_since_a_migration_too(command: Command) -> None:
    files = {"data/.gitkeep": "", **FILES, **DROPPED, "models/article.py": ""}
    command("db", "upgrade", files=files)
    assert command("db", "check").code == 0
    found = command("db", "check", "--since", "0001", "--json")
    assert found.code == 1
    document = found.json()
    assert (document["state"], document["pending"], document["changes"]) == ("up to date", [], [])
    assert document["judged_as"] == "postgresql"
    (finding,) = document["findings"]
    assert finding["what"] == "articles is dropped"
    assert (finding["kind"], finding["dangerous"]) == ("drop table", True)


def test_migrations_are_printed_as_a_script(command: Command) -> None:
    printed = command("db", "sql", files={"data/.gitkeep": "", **FILES, **DROPPED})
    assert "CREATE TABLE articles" in printed.out
    assert "CREATE TABLE articles" not in command("db", "sql", "0002", "--since", "0001").out


def test_two_heads_are_merged_by_command(command: Command) -> None:
    other = SECOND.replace("0002", "0003")
    files = {**FILES, **DROPPED, "migrations/0003_other.py": other, "data/.gitkeep": ""}
    assert "zenith-server db merge" in command("db", "status", files=files).err
    assert command("db", "merge", "Both").out == "wrote migrations/0004_both.py\n"
    assert command("db", "merge").out.startswith("Nothing to do")


def test_the_check_needs_models_that_load(command: Command) -> None:
    ran = command("db", "check", files={"models/user.py": "import nowhere_at_all"})
    assert (ran.code, "nowhere_at_all" in ran.err) == (1, True)


def test_nothing_is_made_while_a_model_is_broken(command: Command) -> None:
    broken = {"models/user.py": "import nowhere_at_all"}
    ran = command("db", "make", "More", files={"data/.gitkeep": "", **MODELS, **broken})
    assert ran.code == 1
    assert ran.err.startswith("The models cannot be compared with the database")


def test_the_state_is_json_too(command: Command) -> None:
    found = command("db", "status", "--json", files={"data/.gitkeep": "", **FILES}).json()
    assert found == {
        "name": "default",
        "database": "sqlite:///data/test.sqlite3",
        "state": "pending",
        "current": [],
        "applied": [],
        "pending": ["0001_add_articles"],
        "unknown": [],
    }


def test_the_history_needs_no_database(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/shop")
    assert command("db", "history", files=FILES).out == "0001_add_articles  Add articles\n"
    assert command("db", "history", "--json").json() == [
        {
            "id": "0001",
            "name": "0001_add_articles",
            "message": "Add articles",
            "follows": [],
            "file": "migrations/0001_add_articles.py",
        }
    ]


def test_a_project_without_migrations_says_so(command: Command) -> None:
    assert command("db", "history", files=MODELS).out == "no migrations\n"


def test_postgresql_is_migrated_too(
    command: Command, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    assert command("db", "upgrade", files=FILES).out.startswith("applied 0001_add_articles\n")
    assert command("db", "status", "--json").json()["state"] == "up to date"
