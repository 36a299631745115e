"""Clients that leave in the middle of a transaction leave nothing behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from tests.conftest import ZenithStarter

FILES = {
    "routes/pairs/[id].py": """
        from sqlalchemy import text
        from zenith_server import Session

        HALF = text("INSERT INTO halves VALUES (:id)")

        async def put(id: int, session: Session) -> None:
            await session.execute(HALF, {"id": id})
            await session.execute(text("SELECT pg_sleep(0.005)"))
            await session.execute(HALF, {"id": id})
    """,
}
CLIENTS = 20
TIMES = 50
POOL = 5
HALF_WRITTEN = "SELECT count(*) FROM (SELECT FROM halves GROUP BY id HAVING count(*) <> 2) AS half"
IN_USE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


async def leave(url: str, number: int, after: float) -> None:
    """Ask, and close the connection a moment later, whatever has come by then."""
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"PUT /pairs/{number} HTTP/1.1\r\nhost: {address.netloc}\r\n\r\n".encode())
    await writer.drain()
    await asyncio.sleep(after)
    writer.transport.abort()


async def leave_often(url: str, first: int, chance: random.Random) -> None:
    for number in range(first, first + TIMES):
        await leave(url, number, chance.uniform(0, 0.03))


@pytest.mark.parametrize("engine", ["granian", "hypercorn"])
async def test_a_thousand_clients_that_leave_empty_no_pool_and_leave_nothing_half_written(
    project: Callable[[Mapping[str, str]], Path],
    zenith: ZenithStarter,
    postgres_url: str,
    engine: str,
) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE halves (id int)")
    # A busy machine needs its time for those who left and are answered all the same.
    pool = {"ZENITH_DATABASE__POOL_SIZE": str(POOL), "ZENITH_DATABASE__POOL_TIMEOUT": "60"}
    env = {"DATABASE_URL": postgres_url, **pool}
    options = ("--env", "production", "--workers", "1", "--engine", engine)
    server = await asyncio.to_thread(
        zenith, project(FILES), *options, env={**env, "HOST": "127.0.0.1"}
    )
    chance = random.Random(1)
    firsts = range(0, CLIENTS * TIMES, TIMES)
    await asyncio.gather(*(leave_often(server.url, first, chance) for first in firsts))

    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        numbers = range(10_000, 10_000 + 4 * POOL)
        answers = await asyncio.gather(*(client.put(f"/pairs/{number}") for number in numbers))
    assert {answer.status_code for answer in answers} == {204}
    assert await connection.fetchval(IN_USE) == 0
    assert await connection.fetchval("SELECT count(*) FROM halves") > 2 * 4 * POOL
    assert await connection.fetchval(HALF_WRITTEN) == 0
    await connection.close()
