"""Compare what the data layer costs with SQLAlchemy alone: `make bench-data`.

Both sides ask the same PostgreSQL in one process and take turns; what is compared is the median
time of a round. The database is one of our own, and dropped afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests import servers
from tests.benchmarks.measure import App, Case, check, receiver, running, scope_of
from tests.projects import write_project
from zenith_server.asgi import create_app
from zenith_server.database.engines import Database

ROOT = Path(__file__).resolve().parents[2]
TABLE = (
    "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 100) AS n",
)
BACKENDS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
LOOPS = "50 loops, 20 threads: threads, fds, backends"
ALONE = "SQLAlchemy alone"
BESIDE = ("ours", "ours, readonly", "engine per request")
FILES = {
    "models/item.py": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Item(Base):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
    """,
    "routes/items/[id].py": """
        from models.item import Item
        from msgspec import Struct
        from zenith_server import DB

        class ItemOut(Struct):
            id: int
            name: str

        async def get(id: int, session=DB) -> ItemOut:
            item = await session.get(Item, id)
            return ItemOut(item.id, item.name)
    """,
    "routes/readonly/[id].py": """
        from models.item import Item
        from msgspec import Struct
        from zenith_server import DB

        class ItemOut(Struct):
            id: int
            name: str

        async def get(id: int, session=DB.readonly) -> ItemOut:
            item = await session.get(Item, id)
            return ItemOut(item.id, item.name)
    """,
}
Work = Callable[[], Awaitable[object]]
Spent = dict[str, list[float]]


class Base(DeclarativeBase): ...


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class ItemOut(msgspec.Struct):
    id: int
    name: str


def alone(url: str, *, engine_per_request: bool = False) -> App:
    """Return a hand-written ASGI function that does the same with SQLAlchemy and nothing else."""
    address = url.replace("postgresql://", "postgresql+asyncpg://")
    kept = create_async_engine(address)
    sessions = async_sessionmaker(kept, expire_on_commit=False)

    async def found(number: int) -> ItemOut:
        async with sessions.begin() as session:
            item = await session.get_one(Item, number)
            return ItemOut(item.id, item.name)

    async def found_apart(number: int) -> ItemOut:
        engine = create_async_engine(address)
        try:
            async with async_sessionmaker(engine)() as session, session.begin():
                item = await session.get_one(Item, number)
                return ItemOut(item.id, item.name)
        finally:
            await engine.dispose()

    find = found_apart if engine_per_request else found

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await kept.dispose()
            return
        body = msgspec.json.encode(await find(int(scope["path"].rpartition("/")[2])))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def answer(app: App, path: str) -> None:
    async def send(_: object) -> None: ...

    await app(scope_of(Case("GET", path)), receiver(b""), send)


async def unused(database: Database) -> None:
    for _ in range(100):
        async with database.session():
            pass


async def select_one(connection: Any) -> None:
    await connection.execute(text("SELECT 1"))


async def seconds(work: Work, times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        await work()
    return (perf_counter() - began) / times


async def compared(works: Mapping[str, tuple[Work, int]], rounds: int) -> Spent:
    """Return the seconds of each piece of work in each round, in which all take turns."""
    spent: Spent = {name: [] for name in works}
    for work, times in works.values():
        await seconds(work, max(1, times // 10))
    for _ in range(rounds):
        for name, (work, times) in works.items():
            spent[name].append(await seconds(work, times))
    return spent | {"unused session": [each / 100 for each in spent["unused session"]]}


@asynccontextmanager
async def contenders(url: str, folder: Path) -> AsyncIterator[dict[str, tuple[Work, int]]]:
    """Give what is to be timed, and how often in a round; each answer has been checked."""
    project = write_project(folder, FILES)
    os.environ["DATABASE_URL"] = url
    app = create_app(project, env="test")
    plain, apart = alone(url), alone(url, engine_per_request=True)
    database = Database(url)
    body = {"id": 7, "name": "item 7"}
    async with (
        running(app),
        running(plain),
        database.lifespan(),
        database.engine().connect() as connection,
    ):
        for side, path in (
            (app, "/items/7"),
            (app, "/readonly/7"),
            (plain, "/items/7"),
            (apart, "/items/7"),
        ):
            await check(side, Case("GET", path, answer=body))
        yield {
            "SELECT 1": (lambda: select_one(connection), 20),
            "unused session": (lambda: unused(database), 2),
            "SQLAlchemy alone": (lambda: answer(plain, "/items/7"), 5),
            "ours": (lambda: answer(app, "/items/7"), 5),
            "ours, readonly": (lambda: answer(app, "/readonly/7"), 5),
            "engine per request": (lambda: answer(apart, "/items/7"), 1),
        }
        await connection.close()


async def measured(rounds: int) -> Spent:
    """Return the seconds of each piece of work in each round, on a database of our own."""
    with servers.postgres() as server, server.database() as url, TemporaryDirectory() as folder:
        for statement in TABLE:
            await servers.fetch_value(url, statement)
        async with contenders(url, Path(folder, "project")) as works:
            return await compared(works, rounds)


Open = tuple[int, int, int]
"""Threads, file descriptors, and backends of the server."""


def opened(url: str) -> Open:
    """Return what is open now; our own question is one more backend, and is not counted."""
    gc.collect()
    backends = servers.run_apart(servers.fetch_value(url, BACKENDS))
    return threading.active_count(), len(list(Path("/dev/fd").iterdir())), backends


async def once(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))


def many_loops() -> tuple[Open, Open]:
    """Return what is open before and after 50 event loops, and 20 threads with a loop each."""
    with servers.postgres() as server, server.database() as url:
        database = Database(url)
        asyncio.run(once(database))  # what Python and the drivers make once
        before = opened(url)
        for _ in range(50):
            asyncio.run(once(database))
        threads = [threading.Thread(target=asyncio.run, args=[once(database)]) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until = perf_counter() + 5
        while (after := opened(url)) != before and perf_counter() < until:
            sleep(0.1)  # a backend takes a moment to go
        return before, after


def ratios(spent: Spent) -> dict[str, float]:
    """Return what is compared with what: the middle one of the ratios of all rounds."""
    pairs = (("unused session", "SELECT 1"), *((name, ALONE) for name in BESIDE))
    return {
        f"{name} / {other}": median(a / b for a, b in zip(spent[name], spent[other], strict=True))
        for name, other in pairs
    }


def main(rounds: int) -> None:
    """Measure, print, and write `build/bench-data.json`."""
    before, after = many_loops()
    spent = asyncio.run(measured(rounds))
    middle = {name: median(each) for name, each in spent.items()}
    for name, value in middle.items():
        print(f"{name:40} {value * 1e6:10.1f} µs")
    for name, value in ratios(spent).items():
        print(f"{name:40} {value:10.4f}")
    print(f"{LOOPS:40} {before} before, {after} after")
    file = ROOT / "build" / "bench-data.json"
    file.parent.mkdir(exist_ok=True)
    found = {"seconds": middle, "ratios": ratios(spent), "before": before, "after": after}
    file.write_text(json.dumps(found, indent=2))
    if after != before:
        sys.exit("Something was left open.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=201)
    main(parser.parse_args().rounds)
