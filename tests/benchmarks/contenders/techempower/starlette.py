"""Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

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
templates = Jinja2Templates(directory=TEMPLATES)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    async with new_pool() as pool:
        yield {"pool": pool}
    await engine.dispose()


def shown(id: int, random_number: int) -> dict[str, int]:
    return {"id": id, "randomNumber": random_number}


def page(request: Request, rows: Any) -> Response:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    context = {"fortunes": [{"id": i, "message": m} for i, m in found]}
    return templates.TemplateResponse(request, "fortunes.html", context)


async def json(_: Request) -> Response:
    return JSONResponse({"message": "Hello, World!"})


async def plaintext(_: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def db(_: Request) -> Response:
    async with Session() as session:
        world = await session.get_one(World, number())
    return JSONResponse(shown(world.id, world.random_number))


async def queries(request: Request) -> Response:
    wanted = numbers(request.query_params.get("queries", ""))
    async with Session() as session:
        worlds = [await session.get_one(World, each) for each in wanted]
    return JSONResponse([shown(world.id, world.random_number) for world in worlds])


async def fortunes(request: Request) -> Response:
    async with Session() as session:
        rows = [(row.id, row.message) for row in await session.scalars(select(Fortune))]
    return page(request, rows)


async def updates(request: Request) -> Response:
    wanted = numbers(request.query_params.get("queries", ""))
    async with Session.begin() as session:
        worlds = [await session.get_one(World, each) for each in wanted]
        for world in worlds:
            world.random_number = number()
    return JSONResponse([shown(world.id, world.random_number) for world in worlds])


async def raw_db(request: Request) -> Response:
    return JSONResponse(shown(*await request.state.pool.fetchrow(ONE, number())))


async def raw_queries(request: Request) -> Response:
    rows = await raw_worlds(request.state.pool, request.query_params.get("queries", ""))
    return JSONResponse([shown(*row) for row in rows])


async def raw_fortunes(request: Request) -> Response:
    return page(request, await request.state.pool.fetch(ALL))


async def raw_updates(request: Request) -> Response:
    wanted = request.query_params.get("queries", "")
    rows = await raw_worlds(request.state.pool, wanted, change=True)
    return JSONResponse([shown(*row) for row in rows])


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/json", json),
        Route("/plaintext", plaintext),
        Route("/db", db),
        Route("/queries", queries),
        Route("/fortunes", fortunes),
        Route("/updates", updates),
        Route("/raw/db", raw_db),
        Route("/raw/queries", raw_queries),
        Route("/raw/fortunes", raw_fortunes),
        Route("/raw/updates", raw_updates),
    ],
)
