"""Litestar."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar, MediaType, get
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.datastructures import State
from litestar.di import Provide
from litestar.response import Template
from litestar.template.config import TemplateConfig
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

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


class WorldOut(msgspec.Struct, rename="camel"):
    id: int
    random_number: int


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    async with new_pool() as pool:
        app.state.pool = pool
        yield
    await engine.dispose()


async def opened() -> AsyncIterator[AsyncSession]:
    async with Session() as session:
        yield session


def page(rows: Any) -> Template:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    context = {"fortunes": [{"id": i, "message": m} for i, m in found]}
    return Template(template_name="fortunes.html", context=context)


@get("/json")
async def json() -> dict[str, str]:
    return {"message": "Hello, World!"}


@get("/plaintext", media_type=MediaType.TEXT)
async def plaintext() -> str:
    return "Hello, World!"


@get("/db")
async def db(session: AsyncSession) -> WorldOut:
    world = await session.get_one(World, number())
    return WorldOut(world.id, world.random_number)


@get("/queries")
async def queries(session: AsyncSession, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, each) for each in numbers(queries)]
    return [WorldOut(world.id, world.random_number) for world in worlds]


@get("/fortunes")
async def fortunes(session: AsyncSession) -> Template:
    return page([(row.id, row.message) for row in await session.scalars(select(Fortune))])


@get("/updates")
async def updates(session: AsyncSession, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, each) for each in numbers(queries)]
    for world in worlds:
        world.random_number = number()
    await session.commit()
    return [WorldOut(world.id, world.random_number) for world in worlds]


@get("/raw/db")
async def raw_db(state: State) -> WorldOut:
    return WorldOut(*await state.pool.fetchrow(ONE, number()))


@get("/raw/queries")
async def raw_queries(state: State, queries: str = "") -> list[WorldOut]:
    return [WorldOut(*row) for row in await raw_worlds(state.pool, queries)]


@get("/raw/fortunes")
async def raw_fortunes(state: State) -> Template:
    return page(await state.pool.fetch(ALL))


@get("/raw/updates")
async def raw_updates(state: State, queries: str = "") -> list[WorldOut]:
    return [WorldOut(*row) for row in await raw_worlds(state.pool, queries, change=True)]


app = Litestar(
    route_handlers=[
        *(json, plaintext, db, queries, fortunes, updates),
        *(raw_db, raw_queries, raw_fortunes, raw_updates),
    ],
    dependencies={"session": Provide(opened)},
    lifespan=[lifespan],
    template_config=TemplateConfig(directory=TEMPLATES, engine=JinjaTemplateEngine),
)
