"""Models of every style are served and migrated alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.commands import Command
from zenith_server.testing import client

ROUTE = """
    from models.hero import Hero
    from sqlalchemy import select
    from zenith_server import DB

    async def post(name: str, session=DB) -> int:
        hero = Hero(name=name)
        session.add(hero)
        await session.flush()
        return hero.id

    async def get(session=DB) -> list[str]:
        return list(await session.scalars(select(Hero.name)))
"""
STYLES = {
    "SQLModel": """
        from sqlmodel import Field, SQLModel

        class Hero(SQLModel, table=True):
            __tablename__ = "heroes"
            id: int | None = Field(default=None, primary_key=True)
            name: str
    """,
    "declarative": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Hero(Base):
            __tablename__ = "heroes"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
    """,
    "ours": """
        from sqlalchemy.orm import Mapped, mapped_column
        from zenith_server import Model

        class Hero(Model):
            __tablename__ = "heroes"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
    """,
}


@pytest.mark.parametrize("style", STYLES)
def test_a_model_is_migrated_and_served(command: Command, tmp_path: Path, style: str) -> None:
    files = {"data/.gitkeep": "", "models/hero.py": STYLES[style], "routes/index.py": ROUTE}
    made = command("db", "make", "Heroes", files=files)
    assert "  create table heroes" in made.out, made.err
    assert command("db", "upgrade").code == 0
    assert command("db", "check").code == 0

    async def ask() -> object:
        async with client(tmp_path) as http:
            assert (await http.post("/", params={"name": "Ada"})).json() == 1
            return (await http.get("/")).json()

    assert asyncio.run(ask()) == ["Ada"]
