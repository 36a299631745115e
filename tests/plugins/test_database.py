"""`session = DB`: what is committed, what is undone, and what a client is told about failures."""

from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.database.conftest import mysql_url

__all__ = ["mysql_url"]

ITEMS = {
    "models/item.py": """
        from sqlalchemy import CheckConstraint
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Item(Base):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(unique=True)
            number: Mapped[int] = mapped_column(CheckConstraint("number > 0"))
        """,
    "app.py": """
        from models.item import Base
        from zenith_server import Database, Zenith

        app = Zenith()

        @app.post("/tables")
        async def tables(database: Database) -> None:
            async with database.engine().begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
        """,
    "routes/items.py": """
        from models.item import Item
        from sqlalchemy import func, select, text
        from zenith_server import DB

        async def post(id: int, name: str, number: int = 1, session=DB) -> int:
            session.add(Item(id=id, name=name, number=number))
            return 1

        async def put(session=DB) -> int:
            await session.execute(text("SELECT 1 FROM nowhere"))

        async def get(session=DB) -> int:
            return await session.scalar(select(func.count(Item.id)))
        """,
}


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
async def test_failures_of_a_commit_are_told_by_what_they_mean(
    kind: str, serve: Server, request: pytest.FixtureRequest
) -> None:
    environ = {}
    if kind != "sqlite":
        environ["DATABASE_URL"] = request.getfixturevalue(f"{kind}_url")
    items = ITEMS
    if kind == "mysql":
        model = ITEMS["models/item.py"].replace("name: Mapped[str] = mapped_column(", _SHORT)
        items = ITEMS | {"models/item.py": model}
    app = await serve(items, environ=environ)
    assert (await app.post("/tables")).status == 204
    assert (await app.post("/items?id=1&name=a")).status == 200
    twice = await app.post("/items?id=2&name=a")
    assert (twice.status, twice.json()["detail"]) == (409, "It contradicts what is stored already")
    assert (await app.post("/items?id=3&name=b&number=-1")).status == 422
    assert (await app.get("/items")).json() == 1


_SHORT = "name: Mapped[str] = mapped_column(String(9), "
ITEMS["models/item.py"] = ITEMS["models/item.py"].replace(
    "CheckConstraint\n", "CheckConstraint, String\n"
)


async def test_a_wrong_statement_is_a_bug_like_any_other(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    app = await serve(ITEMS, "development")
    answer = await app.request("PUT", "/items")
    assert answer.status == 500
    assert "no such table: nowhere" in answer.json()["detail"]
    assert any("routes/items.py" in line for line in answer.json()["traceback"])
    assert "PUT /items failed" in caplog.text


async def test_a_database_that_is_away_is_503_with_retry_after(
    serve: Server, free_port: int
) -> None:
    url = f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop"
    app = await serve(ITEMS, environ={"DATABASE_URL": url})
    answer = await app.get("/items")
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert b"s3cret" not in answer.body
    assert (await app.get("/health/ready")).status == 503
