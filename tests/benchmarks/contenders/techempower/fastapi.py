"""FastAPI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
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
templates = Jinja2Templates(directory=TEMPLATES)


class WorldOut(BaseModel):
    id: int
    randomNumber: int  # noqa: N815 - so it is called


class Message(BaseModel):
    message: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with new_pool() as pool:
        app.state.pool = pool
        yield
    await engine.dispose()


async def opened() -> AsyncIterator[AsyncSession]:
    async with Session() as session:
        yield session


OpenSession = Annotated[AsyncSession, Depends(opened)]
app = FastAPI(lifespan=lifespan)


def shown(id: int, random_number: int) -> WorldOut:
    return WorldOut(id=id, randomNumber=random_number)


def page(request: Request, rows: Any) -> Any:
    found = sorted([*rows, (0, ADDED)], key=lambda row: row[1])
    context = {"fortunes": [{"id": i, "message": m} for i, m in found]}
    return templates.TemplateResponse(request=request, name="fortunes.html", context=context)


@app.get("/json")
async def json() -> Message:
    return Message(message="Hello, World!")


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> str:
    return "Hello, World!"


@app.get("/db")
async def db(session: OpenSession) -> WorldOut:
    world = await session.get_one(World, number())
    return shown(world.id, world.random_number)


@app.get("/queries")
async def queries(session: OpenSession, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, each) for each in numbers(queries)]
    return [shown(world.id, world.random_number) for world in worlds]


@app.get("/fortunes", response_class=HTMLResponse)
async def fortunes(request: Request, session: OpenSession) -> Any:
    return page(request, [(row.id, row.message) for row in await session.scalars(select(Fortune))])


@app.get("/updates")
async def updates(session: OpenSession, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, each) for each in numbers(queries)]
    for world in worlds:
        world.random_number = number()
    await session.commit()
    return [shown(world.id, world.random_number) for world in worlds]


@app.get("/raw/db")
async def raw_db(request: Request) -> WorldOut:
    return shown(*await request.app.state.pool.fetchrow(ONE, number()))


@app.get("/raw/queries")
async def raw_queries(request: Request, queries: str = "") -> list[WorldOut]:
    return [shown(*row) for row in await raw_worlds(request.app.state.pool, queries)]


@app.get("/raw/fortunes", response_class=HTMLResponse)
async def raw_fortunes(request: Request) -> Any:
    return page(request, await request.app.state.pool.fetch(ALL))


@app.get("/raw/updates")
async def raw_updates(request: Request, queries: str = "") -> list[WorldOut]:
    rows = await raw_worlds(request.app.state.pool, queries, change=True)
    return [shown(*row) for row in rows]
