"""What happens in a sandbox is undone, whoever did it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from zenith_server.database.engines import Database
from zenith_server.database.sandbox import sandbox


async def count(database: Database) -> int:
    async with database.session("read") as session:
        return (await session.execute(text("SELECT count(*) FROM notes"))).scalar_one()


async def note(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO notes VALUES (1)"))


async def fail(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO notes VALUES (3)"))
        raise ZeroDivisionError


@pytest.mark.parametrize("kind", ["postgresql", "sqlite", "memory", "mysql"])
async def test_all_sessions_see_each_other_and_leave_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    files = {"sqlite": f"sqlite:///{tmp_path}/shop.db", "memory": "sqlite://"}
    url = files[kind] if kind in files else request.getfixturevalue(f"{_FIXTURES[kind]}_url")
    async with Database(url).lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE notes (id int)"))
        async with sandbox(database) as session:
            await note(database)
            await session.execute(text("INSERT INTO notes VALUES (2)"))
            await session.commit()
            assert await count(database) == 2
            with pytest.raises(ZeroDivisionError):
                await fail(database)
            assert await count(database) == 2
        assert await count(database) == 0
        await note(database)
        assert await count(database) == 1


_FIXTURES = {"postgresql": "postgres", "mysql": "mysql"}


async def test_one_inside_another_is_undone_alone() -> None:
    async with Database("sqlite://").lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE notes (id int)"))
        async with sandbox(database) as outer:
            await note(database)
            connection = await outer.connection()
            with database.bound_to(connection):
                await note(database)
            assert await count(database) == 2
        assert await count(database) == 0
