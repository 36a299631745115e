"""Falcon (ASGI)."""

from __future__ import annotations

from typing import Any

import falcon.asgi
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

engine = new_engine()
Session = async_sessionmaker(engine, expire_on_commit=False)
template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template(
    "fortunes.html"
)


class Pool:
    """The pool of asyncpg, open while the app runs."""

    async def process_startup(self, *_: Any) -> None:
        self.rows = await new_pool()

    async def process_shutdown(self, *_: Any) -> None:
        await self.rows.close()
        await engine.dispose()


def shown(id: int, random_number: int) -> dict[str, int]:
    return {"id": id, "randomNumber": random_number}


def page(response: Any, rows: Any) -> None:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    response.content_type = falcon.MEDIA_HTML
    response.text = template.render(fortunes=[{"id": i, "message": m} for i, m in found])


class Json:
    async def on_get(self, _: Any, response: Any) -> None:
        response.media = {"message": "Hello, World!"}


class Plaintext:
    async def on_get(self, _: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_TEXT
        response.text = "Hello, World!"


class Db:
    async def on_get(self, _: Any, response: Any) -> None:
        async with Session() as session:
            world = await session.get_one(World, number())
        response.media = shown(world.id, world.random_number)


class Queries:
    async def on_get(self, request: Any, response: Any) -> None:
        wanted = numbers(request.get_param("queries", default=""))
        async with Session() as session:
            worlds = [await session.get_one(World, each) for each in wanted]
        response.media = [shown(world.id, world.random_number) for world in worlds]


class Fortunes:
    async def on_get(self, _: Any, response: Any) -> None:
        async with Session() as session:
            rows = [(row.id, row.message) for row in await session.scalars(select(Fortune))]
        page(response, rows)


class Updates:
    async def on_get(self, request: Any, response: Any) -> None:
        wanted = numbers(request.get_param("queries", default=""))
        async with Session.begin() as session:
            worlds = [await session.get_one(World, each) for each in wanted]
            for world in worlds:
                world.random_number = number()
        response.media = [shown(world.id, world.random_number) for world in worlds]


class Raw:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool


class RawDb(Raw):
    async def on_get(self, _: Any, response: Any) -> None:
        response.media = shown(*await self.pool.rows.fetchrow(ONE, number()))


class RawQueries(Raw):
    async def on_get(self, request: Any, response: Any) -> None:
        rows = await raw_worlds(self.pool.rows, request.get_param("queries", default=""))
        response.media = [shown(*row) for row in rows]


class RawFortunes(Raw):
    async def on_get(self, _: Any, response: Any) -> None:
        page(response, await self.pool.rows.fetch(ALL))


class RawUpdates(Raw):
    async def on_get(self, request: Any, response: Any) -> None:
        wanted = request.get_param("queries", default="")
        rows = await raw_worlds(self.pool.rows, wanted, change=True)
        response.media = [shown(*row) for row in rows]


pool = Pool()
app = falcon.asgi.App(middleware=[pool])
app.add_route("/json", Json())
app.add_route("/plaintext", Plaintext())
app.add_route("/db", Db())
app.add_route("/queries", Queries())
app.add_route("/fortunes", Fortunes())
app.add_route("/updates", Updates())
app.add_route("/raw/db", RawDb(pool))
app.add_route("/raw/queries", RawQueries(pool))
app.add_route("/raw/fortunes", RawFortunes(pool))
app.add_route("/raw/updates", RawUpdates(pool))
