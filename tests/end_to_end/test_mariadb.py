"""All of it on MariaDB: real processes that start, migrate, serve, fail half-way and are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ZenithStarter
from tests.end_to_end.test_migrations import LAST, MAKE, SECOND, codes, replicas, revisions
from tests.mysql import first_value
from tests.processes import environment
from tests.projects import write_project
from tests.servers import run_apart

PROCESSES = 8
APPLIED = "SELECT GROUP_CONCAT(id ORDER BY id) FROM notes"
SHOP = {
    "models/item.py": """
        from sqlalchemy import String
        from sqlalchemy.orm import Mapped, mapped_column
        from zenith_server import Model

        class Item(Model):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(String(20), unique=True)
        """,
    "routes/items/index.py": """
        from models.item import Item
        from zenith_server import DB

        async def get(session=DB.readonly) -> list[str]:
            return [item.name for item in await Item.where().order_by("id").all()]

        async def post(name: str, session=DB) -> int:
            return (await Item.create(name=name)).id
        """,
    "routes/items/[id].py": """
        from models.item import Item
        from zenith_server import DB

        async def get(id: int, session=DB) -> str:
            return (await Item.find_or_404(id)).name

        async def put(id: int, name: str, session=DB) -> str:
            item = await Item.find_or_404(id)
            await item.update(name=name)
            return item.name

        async def delete(id: int, session=DB) -> None:
            await (await Item.find_or_404(id)).delete()
        """,
}


def value(url: str, statement: str) -> Any:
    return run_apart(first_value(url, statement))


def ask(url: str, method: str = "GET") -> tuple[int, Any]:
    from urllib.error import HTTPError

    try:
        with urlopen(Request(url, method=method), timeout=20) as answer:
            status, body = answer.status, answer.read()
    except HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body) if body else None


def db(folder: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zenith_server", "db", *words],
        cwd=folder,
        env=environment({"DATABASE_URL": url, "ZENITH_ENV": "test"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.timeout(120)
def test_many_processes_at_once_apply_each_revision_once(mysql_url: str, tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", revisions(MAKE, SECOND, LAST))
    assert codes(replicas(folder, mysql_url, PROCESSES)) == {0: PROCESSES}
    assert value(mysql_url, APPLIED) == "1,2,4"


@pytest.mark.timeout(120)
def test_when_the_holder_is_killed_the_rest_finish(mysql_url: str, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    halfway = f"""
        import os, pathlib, time
        sign = pathlib.Path({str(sign)!r})
        op.execute("INSERT INTO notes VALUES (2)")
        if not sign.exists():
            sign.with_suffix(".new").write_text(str(os.getpid()))
            sign.with_suffix(".new").rename(sign)
            time.sleep(60)
    """
    body = "\n".join(line[8:] for line in halfway.splitlines())
    folder = write_project(tmp_path / "project", revisions(MAKE, body, LAST))
    running = replicas(folder, mysql_url, PROCESSES)
    until = time.monotonic() + 60
    while not sign.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(int(sign.read_text()), signal.SIGKILL)
    assert codes(running) == {0: PROCESSES - 1, -signal.SIGKILL: 1}
    assert value(mysql_url, APPLIED) == "1,2,4"


@pytest.mark.timeout(120)
def test_a_revision_that_fails_half_way_leaves_its_half_and_says_so(
    mysql_url: str, tmp_path: Path, zenith: ZenithStarter
) -> None:
    broken = (
        'op.execute("ALTER TABLE notes ADD x int"); op.execute("INSERT INTO nothing VALUES (3)")'
    )
    folder = write_project(tmp_path / "project", revisions(MAKE, broken, LAST))
    environ = {"DATABASE_URL": mysql_url, "ZENITH_ENV": "staging"}
    stopped = zenith(folder, env=environ, wait=False)
    assert stopped.popen.wait(60) == 1
    said = stopped.output
    assert "Revision 0002_step failed" in said
    assert "migrations/0002_step.py:9" in said
    assert "The statement was: INSERT INTO nothing VALUES (3)" in said
    assert "Undo by hand what the revision did so far: MySQL cannot roll back DDL." in said
    assert value(mysql_url, "SELECT version_num FROM alembic_version") == "0001"
    assert value(mysql_url, "SELECT COUNT(x) FROM notes") == 0
    value(mysql_url, "ALTER TABLE notes DROP x")
    write_project(folder, revisions(MAKE, SECOND, LAST))
    served = zenith(folder, env=environ)
    assert "up to date at 0003_step, 2 now" in served.output
    assert value(mysql_url, APPLIED) == "1,2,4"


@pytest.mark.timeout(120)
def test_a_project_lives_on_mariadb(mysql_url: str, tmp_path: Path, zenith: ZenithStarter) -> None:
    folder = write_project(tmp_path / "project", SHOP)
    made = db(folder, mysql_url, "make", "Items")
    assert made.stdout.splitlines()[:2] == [
        "wrote migrations/0001_items.py",
        "  create table items",
    ]
    assert db(folder, mysql_url, "status").stdout.endswith("pending: 0001_items\n")
    server = zenith(
        folder, "--workers", "2", env={"DATABASE_URL": mysql_url, "ZENITH_ENV": "staging"}
    )
    assert "up to date at 0001_items, 1 now" in server.output
    items = f"{server.url}/items"
    assert ask(f"{items}?name=tea", "POST") == (200, 1)
    assert ask(f"{items}?name=tea", "POST")[0] == 409
    assert ask(f"{items}/1") == (200, "tea")
    assert ask(f"{items}/1?name=coffee", "PUT") == (200, "coffee")
    assert ask(items) == (200, ["coffee"])
    assert ask(f"{items}/1", "DELETE")[0] == 204
    assert ask(f"{items}/1")[0] == 404
    assert value(mysql_url, "SELECT COUNT(*) FROM items") == 0
    assert db(folder, mysql_url, "check").returncode == 0
    assert db(folder, mysql_url, "downgrade", "base").stdout.startswith("undid 0001_items\n")
    assert db(folder, mysql_url, "upgrade").stdout.startswith("applied 0001_items\n")


TWO = {
    "models/item.py": SHOP["models/item.py"],
    "models/analytics/visit.py": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Visit(Base):
            __tablename__ = "visits"
            id: Mapped[int] = mapped_column(primary_key=True)
        """,
    "routes/visits.py": """
        from models.analytics.visit import Visit
        from models.item import Item
        from sqlalchemy import func, select
        from zenith_server import DB

        async def post(main=DB, session=DB["analytics"]) -> list[int]:
            session.add(Visit())
            await Item.create(name="seen")
            await session.flush()
            return [
                await main.scalar(select(func.count(Item.id))),
                await session.scalar(select(func.count(Visit.id))),
            ]
        """,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kinds", ["postgres mysql", "mysql postgres", "postgres postgres"])
def test_two_databases_on_real_servers(
    kinds: str, request: pytest.FixtureRequest, tmp_path: Path, zenith: ZenithStarter
) -> None:
    first, second = (request.getfixturevalue(f"new_{kind}_url")() for kind in kinds.split())
    yaml = {"zenith.yaml": f"databases: {{analytics: {{url: '{second}'}}}}"}
    folder = write_project(tmp_path / "project", {**TWO, **yaml})
    for words in (["Items"], ["Visits", "--database", "analytics"]):
        assert db(folder, first, "make", *words).returncode == 0
    server = zenith(folder, env={"DATABASE_URL": first, "ZENITH_ENV": "staging"})
    assert "migrations of analytics" in server.output
    assert ask(f"{server.url}/visits", "POST") == (200, [1, 1])
    assert ask(f"{server.url}/visits", "POST")[0] == 409
    rows = json.loads(db(folder, first, "status", "--json").stdout)
    assert [(row["name"], row["state"]) for row in rows] == [
        ("default", "up to date"),
        ("analytics", "up to date"),
    ]
    assert db(folder, first, "check").returncode == 0
    undone = db(folder, first, "downgrade", "base", "--database", "analytics")
    assert undone.stdout.startswith("undid 0001_visits\n")
    assert db(folder, first, "upgrade").stdout.splitlines() == [
        "migrations: up to date at 0001_items",
        "applied 0001_visits",
        "migrations of analytics: up to date at 0001_visits",
    ]
