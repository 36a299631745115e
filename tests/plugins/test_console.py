"""`zenith-server db console` opens the database's own client."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.processes import environment

Project = Callable[[Mapping[str, str]], Path]


def console(folder: Path, typed: str, *arguments: str, **variables: str) -> tuple[str, int]:
    command = [sys.executable, "-m", "zenith_server", "db", "console", *arguments]
    done = subprocess.run(
        command,
        input=typed,
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr, done.returncode


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_sqlite3_opens_the_file(project: Project) -> None:
    folder = project({"routes/index.py": "async def get(): ...", "data/.gitkeep": ""})
    said, code = console(folder, "CREATE TABLE notes (id int);\n.exit 3\n", "--env", "development")
    assert (said, code) == ("", 3)
    assert b"CREATE TABLE notes" in (folder / "data/development.sqlite3").read_bytes()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_the_database_that_the_app_names_is_opened(project: Project) -> None:
    app = "from zenith_server import Zenith\napp = Zenith()\napp.setup_database('sqlite:///a.db')"
    folder = project({"app.py": app})
    said, code = console(folder, "CREATE TABLE notes (id int);\n", "--env", "development")
    assert (said, code) == ("", 0)
    assert b"CREATE TABLE notes" in (folder / "a.db").read_bytes()


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_psql_opens_a_further_database(project: Project, postgres_url: str) -> None:
    folder = project({"zenith.yaml": f"databases:\n  logs:\n    url: {postgres_url}\n"})
    said, code = console(folder, "SELECT current_database();\n", "logs")
    assert code == 0
    assert postgres_url.rpartition("/")[2] in said


def test_without_the_client_the_message_says_what_to_install(project: Project) -> None:
    folder = project({"routes/index.py": "async def get(): ..."})
    said, code = console(folder, "", DATABASE_URL="postgresql://ann:s3cret@db/shop", PATH="")
    assert "psql cannot be found" in said
    assert "s3cret" not in said
    assert code == 1


def test_a_database_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    folder = project({"zenith.yaml": "databases:\n  logs:\n    url: sqlite://\n"})
    said, code = console(folder, "", "log")
    assert 'There is no database "log". Did you mean "logs"?' in said
    assert code == 1
