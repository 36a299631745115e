"""A hand-written ASGI function: what the work itself costs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from tests.benchmarks.contenders.techempower.shared import (
    ADDED,
    ALL,
    ONE,
    TEMPLATES,
    new_engine,
    new_pool,
    number,
    numbers,
    raw_worlds,
)
from tests.benchmarks.techempower.models.tables import Fortune, World

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")
HTML = (b"content-type", b"text/html; charset=utf-8")
encode = msgspec.json.encode
engine = new_engine()
Session = async_sessionmaker(engine, expire_on_commit=False)
pool: Any = None
template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template(
    "fortunes.html"
)


def shown(id: int, random_number: int) -> dict[str, int]:
    return {"id": id, "randomNumber": random_number}


def page(rows: Any) -> bytes:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    return template.render(fortunes=[{"id": i, "message": m} for i, m in found]).encode()


def queries_of(scope: Any) -> str:
    return parse_qs(scope["query_string"].decode()).get("queries", [""])[0]


async def json(_: Any) -> Any:
    return JSON, encode({"message": "Hello, World!"})


async def plaintext(_: Any) -> Any:
    return TEXT, b"Hello, World!"


async def db(_: Any) -> Any:
    async with Session() as session:
        world = await session.get_one(World, number())
    return JSON, encode(shown(world.id, world.random_number))


async def queries(scope: Any) -> Any:
    async with Session() as session:
        worlds = [await session.get_one(World, each) for each in numbers(queries_of(scope))]
    return JSON, encode([shown(world.id, world.random_number) for world in worlds])


async def fortunes(_: Any) -> Any:
    async with Session() as session:
        rows = [(row.id, row.message) for row in await session.scalars(select(Fortune))]
    return HTML, page(rows)


async def updates(scope: Any) -> Any:
    async with Session.begin() as session:
        worlds = [await session.get_one(World, each) for each in numbers(queries_of(scope))]
        for world in worlds:
            world.random_number = number()
    return JSON, encode([shown(world.id, world.random_number) for world in worlds])


async def raw_db(_: Any) -> Any:
    return JSON, encode(shown(*await pool.fetchrow(ONE, number())))


async def raw_queries(scope: Any) -> Any:
    return JSON, encode([shown(*row) for row in await raw_worlds(pool, queries_of(scope))])


async def raw_fortunes(_: Any) -> Any:
    return HTML, page(await pool.fetch(ALL))


async def raw_updates(scope: Any) -> Any:
    rows = await raw_worlds(pool, queries_of(scope), change=True)
    return JSON, encode([shown(*row) for row in rows])


ROUTES = {
    "/json": json,
    "/plaintext": plaintext,
    "/db": db,
    "/queries": queries,
    "/fortunes": fortunes,
    "/updates": updates,
    "/raw/db": raw_db,
    "/raw/queries": raw_queries,
    "/raw/fortunes": raw_fortunes,
    "/raw/updates": raw_updates,
}


async def lifespan(receive: Any, send: Any) -> None:
    global pool
    await receive()
    async with new_pool() as pool:
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await engine.dispose()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    kind, body = await ROUTES[scope["path"]](scope)
    headers = [kind, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
