"""`zenith-server doctor` asks what a start would ask."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.processes import environment

Project = Callable[[Mapping[str, str]], Path]
ROUTE = {"routes/index.py": "async def get(): ..."}


def doctor(folder: Path, *options: str, **variables: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "zenith_server", "doctor", "--env", "production", *options],
        cwd=folder,
        env=environment({"SECRET_KEY": secrets.token_urlsafe(48), **variables}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr, done.returncode


def test_a_healthy_database_is_told_with_its_connections(
    project: Project, postgres_url: str
) -> None:
    said, code = doctor(project(ROUTE), DATABASE_URL=postgres_url, WEB_CONCURRENCY="2")
    assert code == 0, said
    assert "ok    environment: production" in said
    assert "ok    database: postgresql" in said
    assert "ok    connections: 2 workers may open 25 each, 50 of the " in said


def test_too_many_connections_are_told_before_they_are_missing(
    project: Project, postgres_url: str
) -> None:
    size = {"ZENITH_DATABASE__POOL_SIZE": "200", "WEB_CONCURRENCY": "9"}
    said, code = doctor(project(ROUTE), DATABASE_URL=postgres_url, **size)
    assert code == 1
    assert "FAIL  connections: 9 workers may open 205 each, 1845 of the " in said


def test_a_database_that_is_away_is_named(project: Project, free_port: int) -> None:
    url = f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop"
    said, code = doctor(project(ROUTE), DATABASE_URL=url)
    assert code == 1
    assert "FAIL  database: " in said
    assert "s3cret" not in said


def test_without_a_database_there_is_nothing_to_ask(project: Project) -> None:
    assert doctor(project(ROUTE)) == ("ok    environment: production\n", 0)


def test_json_says_what_fails(project: Project, free_port: int) -> None:
    url = f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop"
    said, code = doctor(project(ROUTE), "--json", DATABASE_URL=url)
    assert code == 1
    environment, database, *_ = json.loads(said)
    assert environment == {"check": "environment", "note": "production", "ok": True}
    assert (database["check"], database["ok"]) == ("database", False)
