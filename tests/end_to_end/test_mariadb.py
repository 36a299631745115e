"""All of it on MariaDB: real processes that start, migrate, serve, fail half-way and are killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ZenithStarter
from tests.end_to_end.replicas import (
    LAST,
    MAKE,
    PROCESSES,
    SECOND,
    codes,
    halfway,
    killable,
    replicas,
    revisions,
)
from tests.end_to_end.test_disconnects import CLIENTS, FILES, TIMES, leave_often
from tests.mysql import first_value
from tests.processes import environment
from tests.projects import write_project
from tests.servers import run_apart

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
        with urlopen(Request(url, method=method), timeout=60) as answer:
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
    folder = write_project(tmp_path / "project", revisions(MAKE, halfway(sign), LAST))
    running = replicas(folder, mysql_url, PROCESSES)
    os.kill(killable(sign), signal.SIGKILL)
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


HALVES = {"routes/pairs/[id].py": FILES["routes/pairs/[id].py"].replace("pg_sleep", "SLEEP")}
IN_TRANSACTIONS = """
    SELECT COUNT(*) FROM information_schema.innodb_trx
    JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE db = DATABASE()
"""


@pytest.mark.timeout(120)
async def test_a_thousand_clients_that_leave_empty_no_pool_and_leave_nothing_half_written(
    mysql_url: str, tmp_path: Path, zenith: ZenithStarter
) -> None:
    await first_value(mysql_url, "CREATE TABLE halves (id int)")
    folder = write_project(tmp_path / "project", HALVES)
    # A busy machine needs its time for those who left and are answered all the same.
    pool = {"ZENITH_DATABASE__POOL_SIZE": "5", "ZENITH_DATABASE__POOL_TIMEOUT": "60"}
    environ = {"DATABASE_URL": mysql_url, "HOST": "127.0.0.1", **pool}
    options = ("--env", "production", "--workers", "1")
    server = await asyncio.to_thread(zenith, folder, *options, env=environ)
    chance = random.Random(1)
    firsts = range(0, CLIENTS * TIMES, TIMES)
    await asyncio.gather(*(leave_often(server.url, first, chance) for first in firsts))
    asked = [asyncio.to_thread(ask, f"{server.url}/pairs/{n}", "PUT") for n in range(9000, 9020)]
    assert await asyncio.gather(*asked) == [(204, None)] * 20
    assert await first_value(mysql_url, IN_TRANSACTIONS) == 0
    assert await first_value(mysql_url, "SELECT COUNT(*) FROM halves") > 40
    half = "SELECT COUNT(*) FROM (SELECT 1 FROM halves GROUP BY id HAVING COUNT(*) <> 2) AS half"
    assert await first_value(mysql_url, half) == 0


@pytest.mark.timeout(120)
def test_an_exhausted_pool_is_a_503_that_names_its_size(
    mysql_url: str, tmp_path: Path, zenith: ZenithStarter
) -> None:
    slow = """
        from sqlalchemy import text
        from zenith_server import DB

        async def get(session=DB) -> None:
            await session.execute(text("SELECT SLEEP(1)"))
        """
    folder = write_project(tmp_path / "project", {"routes/slow.py": slow})
    pool = {"POOL_SIZE": "1", "MAX_OVERFLOW": "0", "POOL_TIMEOUT": "200ms"}
    environ = {f"ZENITH_DATABASE__{name}": value for name, value in pool.items()}
    environ = {"DATABASE_URL": mysql_url, "ZENITH_ENV": "development", **environ}
    server = zenith(folder, "--workers", "1", env=environ)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(ask, [f"{server.url}/slow"] * 2))
    assert sorted(status for status, _ in answers) == [204, 503]
    detail = next(body["detail"] for status, body in answers if status == 503)
    assert "the pool has 1: GET /slow at routes/slow.py:5" in detail


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
