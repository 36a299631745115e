"""What the contenders share: the database, pools of one size, and the statements."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.benchmarks import techempower
from tests.benchmarks.techempower.pages import ADDED
from tests.benchmarks.techempower.worlds import number, numbers

__all__ = ["ADDED", "ALL", "ONE", "POOL", "TEMPLATES", "UPDATE", "URL", "number", "numbers"]

POOL = 16
URL = os.environ["DATABASE_URL"]
TEMPLATES = Path(next(iter(techempower.__path__)), "templates")
ONE = "SELECT id, randomnumber FROM world WHERE id = $1"
ALL = "SELECT id, message FROM fortune"
UPDATE = "UPDATE world SET randomnumber = $2 WHERE id = $1"


def new_engine() -> AsyncEngine:
    """Return an engine of SQLAlchemy."""
    url = URL.replace("postgresql://", "postgresql+asyncpg://")
    return create_async_engine(url, pool_size=POOL, max_overflow=0)


def new_pool() -> Any:
    """Return a pool of asyncpg, to be entered."""
    return asyncpg.create_pool(URL, min_size=0, max_size=POOL)


async def raw_worlds(pool: Any, queries: str, *, change: bool = False) -> list[tuple[int, int]]:
    """Return so many rows, each asked for by itself; and change them."""
    async with pool.acquire() as connection:
        one = await connection.prepare(ONE)
        rows = [tuple(await one.fetchrow(each)) for each in numbers(queries)]
        if change:
            rows = [(key, number()) for key, _ in rows]
            # In one order everywhere, so that requests never wait for each other in a circle.
            await connection.executemany(UPDATE, sorted(rows))
    return rows
