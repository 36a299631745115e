"""`db eject` writes what plain Alembic needs, and its own command goes on from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Command
from tests.plugins.migrations.test_project import MODEL, REVISION

SQL = """
    -- Count reads.
    -- revision: 0002
    -- down_revision: 0001

    -- upgrade
    CREATE FUNCTION twice(a int) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      RETURN a * 2::int;
    END;
    $$;
    INSERT INTO articles VALUES (twice(4));

    -- downgrade
    DELETE FROM articles;
    DROP FUNCTION twice;
"""
FILES = {
    "data/.gitkeep": "",
    "models/article.py": MODEL,
    "migrations/0001_articles.py": REVISION,
}
GROWN = f"{MODEL}        title: Mapped[str | None]\n"


def alembic(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_alembic_goes_on(
    command: Command, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    told = command("db", "eject", files={**FILES, "migrations/0002_reads.sql": SQL}).out
    assert told.splitlines() == [
        "wrote alembic.ini",
        "wrote alembic_env/env.py",
        "wrote alembic_env/script.py.mako",
        "wrote migrations/0002_reads.py",
        "moved migrations/0002_reads.sql to migrations/_sql/0002_reads.sql",
        "From now on: DATABASE_URL=… alembic upgrade head",
        (
            "zenith-server goes on to migrate at a start; to leave it to Alembic, set "
            "migrations.on_start to check."
        ),
        (
            "To go back: delete alembic.ini and alembic_env/; move what is in _sql/ back in the "
            "place of the same in Python."
        ),
    ]
    for words in (("upgrade", "head"), ("check",), ("downgrade", "base"), ("upgrade", "head")):
        done = alembic(tmp_path, *words, DATABASE_URL=postgres_url)
        assert done.returncode == 0, done.stderr
    assert command("db", "status").out.endswith("migrations: up to date at 0002_reads\n")
    assert command("db", "check").code == 0
    command("db", "status", files={"models/article.py": GROWN})
    made = alembic(
        tmp_path, "revision", "--autogenerate", "-m", "Titles", DATABASE_URL=postgres_url
    )
    assert made.returncode == 0, made.stderr
    assert "_titles" in command("db", "status").out
    assert "add_column" in next((tmp_path / "migrations").glob("*_titles.py")).read_text()


def test_in_development_the_database_is_known(command: Command, tmp_path: Path) -> None:
    command("db", "eject", "--env", "development", files=FILES)
    without = dict.fromkeys(("DATABASE_URL",), "")
    done = alembic(tmp_path, "upgrade", "head", **without)
    assert done.returncode == 0, done.stderr
    told = command("db", "status", "--env", "development").out
    assert told.endswith("up to date at 0001_articles\n")


def test_no_url_is_written_down(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:s3cret@db.example.com/shop")
    assert command("db", "eject", files=FILES).code == 0
    written = "".join(each.read_text() for each in tmp_path.glob("alembic*/*"))
    assert "example.com" not in written + (tmp_path / "alembic.ini").read_text()
    done = alembic(tmp_path, "upgrade", "head", DATABASE_URL="")
    assert done.stderr.startswith("Set DATABASE_URL to the database")


def test_a_further_database_has_files_of_its_own(command: Command, tmp_path: Path) -> None:
    files = {
        "zenith.yaml": "databases: {analytics: {url: 'sqlite:///data/analytics.sqlite3'}}",
        "data/.gitkeep": "",
        "models/analytics/visit.py": MODEL,
        "migrations/analytics/0001_visits.py": REVISION,
    }
    made = command("db", "eject", "--database", "analytics", "--json", files=files).json()
    assert made == {
        "wrote": [
            "alembic_analytics.ini",
            "alembic_env_analytics/env.py",
            "alembic_env_analytics/script.py.mako",
        ],
        "moved": {},
        "ini": "alembic_analytics.ini",
        "variable": "ZENITH_DATABASES__ANALYTICS__URL",
    }
    url = f"sqlite:///{tmp_path}/data/analytics.sqlite3"
    words = ("-c", "alembic_analytics.ini", "upgrade", "head")
    done = alembic(tmp_path, *words, ZENITH_DATABASES__ANALYTICS__URL=url)
    assert done.returncode == 0, done.stderr
    told = command("db", "status", "--database", "analytics").out
    assert told.endswith("up to date at 0001_visits\n")


def test_what_is_there_is_not_overwritten(command: Command, tmp_path: Path) -> None:
    refused = command("db", "eject", files={**FILES, "alembic.ini": "mine"})
    assert "There are files already where those for Alembic would be" in refused.err
    assert (tmp_path / "alembic.ini").read_text() == "mine"
    assert not (tmp_path / "alembic_env").exists()
