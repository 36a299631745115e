"""A database that goes away under load costs the answers of that time, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from tests import servers
from tests.conftest import ZenithStarter, missing
from tests.processes import Process
from zenith_server.runner.control import states

FILES = {
    "routes/rows/[id].py": """
        import os
        from sqlalchemy import text
        from zenith_server import Created, Session

        async def put(id: int, session: Session) -> Created[dict[str, int]]:
            await session.execute(text("INSERT INTO ledger VALUES (:id)"), {"id": id})
            return {"worker": os.getpid()}
    """,
}
CLIENTS = 8
SLACK = 1.0
"""Seconds after its return in which a connection may still find it starting."""


@dataclass
class Ledger:
    """What clients were told of each row that they wrote."""

    stored: list[int] = field(default_factory=list[int])
    refused: list[float] = field(default_factory=list[float])
    workers: set[int] = field(default_factory=set[int])
    wrong: list[str] = field(default_factory=list[str])
    numbers: Iterator[int] = field(default_factory=count)

    async def write(self, client: httpx2.AsyncClient) -> None:
        """Write one row and note the answer."""
        number = next(self.numbers)
        answer = await client.put(f"/rows/{number}")
        if answer.status_code == 201:
            self.stored.append(number)
            self.workers.add(answer.json()["worker"])
        elif _is_outage(answer):
            self.refused.append(time.monotonic())
            await asyncio.sleep(0.05)
        else:
            self.wrong.append(f"{answer.status_code} {answer.text}")


def _is_outage(answer: httpx2.Response) -> bool:
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code == 503 and is_problem and int(answer.headers["retry-after"]) > 0


@pytest.fixture
def cluster() -> Iterator[servers.Cluster]:
    try:
        with servers.private_cluster() as cluster:
            yield cluster
    except servers.ServerMissing as fault:
        missing("PostgreSQL that may be stopped", fault)


@asynccontextmanager
async def load(url: str) -> AsyncIterator[Ledger]:
    """Let clients write rows one after another, for as long as the block lasts."""
    ledger = Ledger()

    async def writing() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
            while not over.is_set():
                await ledger.write(client)

    over = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(writing())
        yield ledger
        over.set()


async def wait_for_readiness(url: str, status: int) -> None:
    """Return once the server says so; it asks the database once a second."""
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        for _ in range(100):
            if (await client.get("/health/ready")).status_code == status:
                return
            await asyncio.sleep(0.05)
    raise AssertionError(f"readiness does not become {status}")


def pids(folder: Path) -> set[int]:
    """Return the processes that serve a project."""
    servers_of: Any = states(folder)
    return {worker["pid"] for server in servers_of for worker in server["workers"]}


async def stored_beyond(number: int, ledger: Ledger) -> int:
    """Return how many rows are known to be stored, once they are more than `number`."""
    for _ in range(300):
        await asyncio.sleep(0.1)
        if len(ledger.stored) > number:
            return len(ledger.stored)
    raise AssertionError(f"no more than {number} writes were acknowledged")


async def rows(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row["id"] for row in await connection.fetch("SELECT id FROM ledger")]
    finally:
        await connection.close()


async def serving(
    zenith: ZenithStarter, folder: Path, cluster: servers.Cluster, engine: str
) -> Process:
    await servers.fetch_value(cluster.url, "CREATE TABLE ledger (id int)")
    env = {"DATABASE_URL": cluster.url, "HOST": "127.0.0.1", "ALLOWED_HOSTS": "127.0.0.1"}
    options = ("--env", "production", "--workers", "2", "--engine", engine)
    return await asyncio.to_thread(zenith, folder, *options, env=env)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("engine", "ending"), [("granian", signal.SIGINT), ("hypercorn", signal.SIGQUIT)]
)
async def test_a_restart_under_load_loses_no_acknowledged_write_and_restarts_no_worker(
    project: Callable[[Mapping[str, str]], Path],
    zenith: ZenithStarter,
    cluster: servers.Cluster,
    engine: str,
    ending: signal.Signals,
) -> None:
    folder = project(FILES)
    server = await serving(zenith, folder, cluster, engine)
    workers = pids(folder)
    async with load(server.url) as ledger:
        before = await stored_beyond(0, ledger)
        await wait_for_readiness(server.url, 200)
        left = time.monotonic()
        await asyncio.to_thread(cluster.stop, ending)
        await wait_for_readiness(server.url, 503)
        await asyncio.to_thread(cluster.start)
        back = time.monotonic()
        await asyncio.sleep(SLACK)
        await wait_for_readiness(server.url, 200)
        recovered = len(ledger.stored)
        await stored_beyond(recovered, ledger)

    assert ledger.wrong == []
    assert 0 < before < recovered < len(ledger.stored)
    assert ledger.refused, "nobody noticed the outage"
    assert left <= min(ledger.refused)
    assert max(ledger.refused) <= back + SLACK
    written = await rows(cluster.url)
    assert len(set(written)) == len(written)
    assert set(ledger.stored) <= set(written)
    assert len(workers) == 2
    assert ledger.workers <= workers == pids(folder)
    assert all(_is_alive(worker) for worker in workers)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
