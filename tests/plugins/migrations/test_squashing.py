"""`db squash` shows what it would do, does it when asked, and deletes what can be had back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import Command
from tests.plugins.migrations.test_project import MODEL, REVISION
from zenith_server.boot import prepare
from zenith_server.environment import Environment
from zenith_server.errors import ProjectError
from zenith_server.settings import read_settings

SECOND = """
    from alembic import op

    revision = "0002"
    down_revision = "0001"

    def upgrade():
        op.execute("INSERT INTO articles VALUES (1)")

    def downgrade(): ...
"""
FILES = {
    "data/.gitkeep": "",
    "models/article.py": MODEL,
    "migrations/0001_articles.py": REVISION,
    "migrations/0002_first.py": SECOND,
}


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "migrations").glob("*.py"))


def test_it_says_first_what_it_would_do(command: Command, tmp_path: Path) -> None:
    command("db", "upgrade", files=FILES)
    told = command("db", "squash", "--steps", "keep").out.splitlines()
    assert told[:4] == [
        "would write migrations/0002_squashed.py",
        "would delete migrations/0001_articles.py",
        "would delete migrations/0002_first.py",
        "  keeps migrations/0002_first.py:7  INSERT INTO articles VALUES (1)",
    ]
    assert told[-1] == ("Nothing was changed. Do it: zenith-server db squash --steps keep --yes")
    assert names(tmp_path) == ["0001_articles.py", "0002_first.py"]


def test_it_does_what_it_said(command: Command, tmp_path: Path) -> None:
    command("db", "upgrade", files=FILES)
    done = command("db", "squash", "--steps", "keep", "--yes")
    assert done.out.startswith("wrote migrations/0002_squashed.py\ndeleted migrations/0001_")
    assert names(tmp_path) == ["0002_squashed.py"]
    assert command("db", "status").out.endswith("up to date at 0002_squashed\n")
    assert command("db", "check").code == 0
    assert command("db", "squash").out == "Nothing to do: there are not two migrations.\n"


def test_a_program_reads_it_as_json(command: Command) -> None:
    command("db", "upgrade", files=FILES)
    assert command("db", "squash", "all of it", "--steps", "drop", "--json").json() == {
        "done": False,
        "write": "migrations/0002_all_of_it.py",
        "delete": ["migrations/0001_articles.py", "migrations/0002_first.py"],
        "keep": [],
        "drop": [
            {
                "where": "migrations/0002_first.py:7",
                "what": "INSERT INTO articles VALUES (1)",
                "statement": "INSERT INTO articles VALUES (1)",
            }
        ],
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_git_could_not_bring_back_is_not_deleted(command: Command, tmp_path: Path) -> None:
    command("db", "upgrade", files=FILES)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    refused = command("db", "squash", "--steps", "drop", "--yes")
    assert "There are migrations that are not committed" in refused.err
    assert names(tmp_path) == ["0001_articles.py", "0002_first.py"]
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    for words in (["add", "."], [*who, "commit", "-qm", "All"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    assert command("db", "squash", "--steps", "drop", "--yes").code == 0


@pytest.mark.parametrize("on_start", ["auto", "check"])
def test_a_start_refuses_a_database_that_was_left_behind(
    command: Command, tmp_path: Path, on_start: str
) -> None:
    command("db", "upgrade", files=FILES)
    command("db", "squash", "--steps", "drop", "--yes")
    # Its own `with` commits, and leaves it open.
    with closing(sqlite3.connect(tmp_path / "data/test.sqlite3")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    test = Environment("test", "from the test")
    environ = {"ZENITH_MIGRATIONS__ON_START": on_start}
    with pytest.raises(ProjectError, match="which 0002_squashed has replaced"):
        prepare(read_settings(tmp_path, environment=test, environ=environ))
