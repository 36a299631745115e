"""The sessions of requests: of each kind, of several databases, of replicas, of a full pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Server
from zenith_server.errors import ProjectError

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

READERS = ITEMS | {
    "routes/items.py": """
        import asyncio
        from models.item import Item
        from sqlalchemy import func, select, text
        from zenith_server import DB

        async def get(session=DB.readonly) -> int:
            return await session.scalar(select(func.count(Item.id)))

        async def post(session=DB.readonly) -> int:
            session.add(Item(id=1, name="a", number=1))

        async def put(session=DB.isolation("serializable")) -> str:
            return await session.scalar(text("SHOW transaction_isolation"))

        async def patch(session=DB) -> None:
            session.add(Item(id=2, name="b", number=1))
        """,
}


async def test_writing_through_a_readonly_session_is_an_error_that_says_so(
    serve: Server, postgres_url: str
) -> None:
    app = await serve(READERS, "development", {"DATABASE_URL": postgres_url})
    await app.post("/tables")
    refused = await app.post("/items")
    assert refused.status == 500
    assert "Item would be written" in refused.json()["detail"]
    assert (await app.get("/items")).json() == 0
    assert (await app.request("PUT", "/items")).json() == "serializable"


async def test_who_has_just_written_reads_from_the_database_itself(
    serve: Server, new_postgres_url: Callable[[], str]
) -> None:
    first, copy = new_postgres_url(), new_postgres_url()
    one = await serve(READERS, environ={"DATABASE_URL": copy})
    await one.post("/tables")
    app = await serve(READERS, environ={"DATABASE_URL": first, "ZENITH_DATABASE__REPLICAS": copy})
    await app.post("/tables")
    wrote = await app.request("PATCH", "/items")
    cookie = wrote.header("set-cookie")
    assert cookie == "zenith_wrote=1; Max-Age=5; Path=/; HttpOnly; SameSite=Lax"
    asked = await app.get("/items")
    assert (asked.json(), asked.header("set-cookie")) == (0, None)
    assert (await app.get("/items", {"cookie": "a=b; zenith_wrote=1"})).json() == 1


TWO = {
    "zenith.yaml": "databases:\n  logs:\n    url: sqlite:///data/logs.sqlite3\n",
    "app.py": """
        from sqlalchemy import text
        from zenith_server import DB, Zenith

        app = Zenith()

        @app.get("/")
        async def index(session=DB, logs=DB["logs"], reader=DB["logs"].readonly) -> list[str]:
            each = text("SELECT file FROM pragma_database_list")
            files = [await s.scalar(each) for s in (session, logs, reader)]
            return [file.rpartition("/")[2] for file in files]
        """,
}


async def test_a_handler_has_sessions_of_several_databases(serve: Server) -> None:
    app = await serve(TWO, environ={"DATABASE_URL": "sqlite:///data/main.sqlite3"})
    assert (await app.get("/")).json() == ["main.sqlite3", "logs.sqlite3", "logs.sqlite3"]
    checks = (await app.get("/health")).json()["checks"]
    assert {"database", "database logs"} <= set(checks)


async def test_a_database_that_is_not_configured_is_a_fault_with_a_suggestion(
    serve: Server,
) -> None:
    app = TWO["app.py"].replace('DB["logs"]', 'DB["log"]')
    with pytest.raises(ProjectError, match=r'database "log".*Did you mean "logs"'):
        await serve(TWO | {"app.py": app})


async def test_a_further_database_without_a_url_is_a_fault(serve: Server) -> None:
    yaml = "databases:\n  logs:\n    pool_size: 3\n"
    with pytest.raises(ProjectError, match='The database "logs" has no URL'):
        await serve(TWO | {"zenith.yaml": yaml})


@pytest.mark.parametrize(
    "line",
    [
        "app.setup_database('sqlite:///data/other.sqlite3')",
        "app.configure_database(Database('sqlite:///' + FILE))",
        "app.setup_database()",
    ],
)
async def test_a_database_said_in_code_is_the_same_as_a_configured_one(
    serve: Server, line: str, tmp_path: Path
) -> None:
    code = f"""
        from sqlalchemy import text
        from zenith_server import DB, Database, Zenith

        FILE = {str(tmp_path / "other.sqlite3")!r}
        app = Zenith()
        {line}

        @app.get("/")
        async def index(session=DB) -> str:
            return await session.scalar(text("SELECT file FROM pragma_database_list"))
        """
    app = await serve({"app.py": code})
    name = "test.sqlite3" if line.endswith("()") else "other.sqlite3"
    assert (await app.get("/")).json().endswith(name)
    assert (await app.get("/health")).json()["checks"]["database"]["status"] == "pass"


async def test_a_database_that_code_makes_has_a_name_of_the_settings(serve: Server) -> None:
    named = "app.configure_database(Database('sqlite://', name='logz'))"
    app = f"from zenith_server import Database, Zenith\napp = Zenith()\n{named}"
    yaml = "databases: {logs: {url: 'sqlite://'}}"
    with pytest.raises(ProjectError, match='no database "logz"'):
        await serve({"app.py": app, "zenith.yaml": yaml})


async def test_an_exhausted_pool_is_503_that_names_its_size_and_who_has_it(
    serve: Server, postgres_url: str
) -> None:
    slow = {
        "routes/slow.py": """
            from sqlalchemy import text
            from zenith_server import DB

            async def get(session=DB) -> None:
                await session.execute(text("SELECT pg_sleep(1)"))
            """
    }
    pool = {"POOL_SIZE": "1", "MAX_OVERFLOW": "0", "POOL_TIMEOUT": "200ms"}
    environ = {f"ZENITH_DATABASE__{name}": value for name, value in pool.items()}
    app = await serve(slow, "development", {"DATABASE_URL": postgres_url, **environ})
    answers = await asyncio.gather(app.get("/slow"), app.get("/slow"))
    fine, refused = sorted(answers, key=lambda answer: answer.status)
    assert (fine.status, refused.status) == (204, 503)
    assert refused.header("retry-after") == "1"
    assert (
        "No connection came free within 0.2 s; the pool has 1: GET /slow at routes/slow.py:5"
        in (refused.json()["detail"])
    )


async def test_in_production_the_client_is_told_no_more_than_it_needs(
    serve: Server, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop"
    app = await serve(ITEMS, "production", environ={"DATABASE_URL": url})
    answer = await app.get("/items")
    assert answer.json()["detail"] == "The database is not available now"
    assert f"{free_port}" in caplog.text
    assert "s3cret" not in caplog.text
