"""BlackSheep."""

import os
from collections.abc import AsyncIterator
from typing import Any

from asyncpg import Pool
from jinja2 import FileSystemLoader
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

os.environ["APP_JINJA_EXTENSION"] = ".html"  # read when BlackSheep is imported

from blacksheep import Application, Response, get, json, text
from blacksheep.server.rendering.jinja2 import JinjaRenderer
from blacksheep.server.responses import view
from blacksheep.settings.html import html_settings

html_settings.use(JinjaRenderer(FileSystemLoader(TEMPLATES)))
engine = new_engine()
Session = async_sessionmaker(engine, expire_on_commit=False)
app = Application()


@app.lifespan
async def lifespan() -> AsyncIterator[None]:
    async with new_pool() as pool:
        app.services.register(Pool, instance=pool)
        yield
    await engine.dispose()


def shown(id: int, random_number: int) -> dict[str, int]:
    return {"id": id, "randomNumber": random_number}


def page(rows: Any) -> Response:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    return view("fortunes", {"fortunes": [{"id": i, "message": m} for i, m in found]})


@get("/json")
async def hello() -> Response:
    return json({"message": "Hello, World!"})


@get("/plaintext")
async def plaintext() -> Response:
    return text("Hello, World!")


@get("/db")
async def db() -> Response:
    async with Session() as session:
        world = await session.get_one(World, number())
    return json(shown(world.id, world.random_number))


@get("/queries")
async def several(queries: str = "") -> Response:
    async with Session() as session:
        worlds = [await session.get_one(World, each) for each in numbers(queries)]
    return json([shown(world.id, world.random_number) for world in worlds])


@get("/fortunes")
async def fortunes() -> Response:
    async with Session() as session:
        rows = [(row.id, row.message) for row in await session.scalars(select(Fortune))]
    return page(rows)


@get("/updates")
async def updates(queries: str = "") -> Response:
    async with Session.begin() as session:
        worlds = [await session.get_one(World, each) for each in numbers(queries)]
        for world in worlds:
            world.random_number = number()
    return json([shown(world.id, world.random_number) for world in worlds])


@get("/raw/db")
async def raw_db(pool: Pool) -> Response:
    return json(shown(*await pool.fetchrow(ONE, number())))


@get("/raw/queries")
async def raw_queries(pool: Pool, queries: str = "") -> Response:
    return json([shown(*row) for row in await raw_worlds(pool, queries)])


@get("/raw/fortunes")
async def raw_fortunes(pool: Pool) -> Response:
    return page(await pool.fetch(ALL))


@get("/raw/updates")
async def raw_updates(pool: Pool, queries: str = "") -> Response:
    return json([shown(*row) for row in await raw_worlds(pool, queries, change=True)])
