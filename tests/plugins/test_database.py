"""`session = DB`: what is committed, what is undone, and what a client is told about failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Served
from tests.silence import silent_server
from zenith_server.testing import client

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


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_database_that_accepts_and_is_silent_is_503(serve: Server, scheme: str) -> None:
    async with silent_server() as port:
        url = f"{scheme}://ann@127.0.0.1:{port}/shop?connect_timeout=0.5"
        app = await serve(ITEMS, environ={"DATABASE_URL": url})
        answer = await asyncio.wait_for(app.get("/items"), 10)
    assert (answer.status, answer.header("retry-after")) == (503, "1")


# --- the session of a request ---

NOTES = {
    "models/note.py": """
        from sqlalchemy.ext.asyncio import AsyncSession
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Note(Base):
            __tablename__ = "notes"
            id: Mapped[int] = mapped_column(primary_key=True)
            about: Mapped[int | None] = mapped_column(
                ForeignKey("notes.id", deferrable=True, initially="DEFERRED")
            )
        """,
    "app.py": """
        from contextlib import asynccontextmanager
        from models.note import Base
        from zenith_server import Database, Zenith

        app = Zenith()

        @app.post("/tables")
        async def tables(database: Database) -> None:
            async with database.engine().begin() as connection:
                await connection.run_sync(Base.metadata.create_all)

        @app.get("/taken")
        async def taken(database: Database) -> int:
            return database.engine().pool.checkedout()
        """,
    "routes/_errors.py": """
        async def lost(error: LookupError):
            return "lost", 404
        """,
    "routes/notes.py": """
        from collections.abc import AsyncIterator
        from models.note import Note
        from msgspec import Struct
        from sqlalchemy import func, select, text
        from sqlalchemy.ext.asyncio import AsyncSession
        from zenith_server import DB, Conflict, Depends, Session

        class Out(Struct):
            id: int

        async def _kept(id: int, session: Session) -> Session:
            session.add(Note(id=id))
            return session

        async def get(session=DB) -> int:
            return await session.scalar(select(func.count(Note.id)))

        async def post(id: int, about: int | None = None, session=DB) -> Out:
            note = Note(id=id, about=about)
            session.add(note)
            return note

        async def put(fault: str, session=DB, kept: Session = Depends(_kept)) -> Out:
            await session.flush()
            match fault:
                case "exception": raise RuntimeError
                case "mapped": raise LookupError
                case "refusal": raise Conflict
                case "result": return "no Out"

        async def patch(
            a=DB, *, b: AsyncSession = DB, c: Session, d: AsyncSession, kept=Depends(_kept)
        ) -> list[bool]:
            return [a is other for other in (b, c, d, kept)]

        async def delete(session=DB) -> bool:
            return session.opened

        async def query(session=DB) -> None:
            await session.execute(text("SELECT pg_sleep(60)"))
        """,
    "routes/stream.py": """
        from collections.abc import AsyncIterator
        from models.note import Note
        from sqlalchemy import select
        from zenith_server import DB

        async def get(session=DB) -> AsyncIterator[int]:
            for note in await session.scalars(select(Note).order_by(Note.id)):
                yield note.id
        """,
}


@pytest.fixture(params=["sqlite", "postgres"])
async def notes(serve: Server, request: pytest.FixtureRequest) -> Served:
    is_postgres = request.param == "postgres"
    environ = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if is_postgres else {}
    app = await serve(NOTES, environ=environ)
    assert (await app.post("/tables")).status == 204
    return app


async def test_the_session_is_one_however_it_is_asked_for(notes: Served) -> None:
    answer = await notes.request("PATCH", "/notes?id=1")
    assert answer.json() == [True, True, True, True]


async def test_what_a_dependency_adds_is_committed_with_the_rest(notes: Served) -> None:
    await notes.request("PATCH", "/notes?id=1")
    assert (await notes.get("/notes")).json() == 1


async def test_what_is_answered_is_committed(notes: Served) -> None:
    assert (await notes.post("/notes?id=1")).json() == {"id": 1}
    assert (await notes.get("/notes")).json() == 1


async def test_a_commit_that_fails_is_never_answered_with_success(notes: Served) -> None:
    assert (await notes.post("/notes?id=1&about=5")).status == 409
    assert (await notes.get("/notes")).json() == 0


@pytest.mark.parametrize(
    ("fault", "status"), [("exception", 500), ("mapped", 404), ("refusal", 409), ("result", 500)]
)
async def test_nothing_is_kept_of_a_request_that_fails(
    notes: Served, fault: str, status: int
) -> None:
    assert (await notes.request("PUT", f"/notes?id=1&fault={fault}")).status == status
    assert (await notes.get("/notes")).json() == 0
    assert (await notes.get("/taken")).json() == 0


async def test_a_session_that_nobody_uses_takes_no_connection(notes: Served) -> None:
    assert (await notes.request("DELETE", "/notes")).json() is False


async def test_a_stream_keeps_its_session_until_its_end(notes: Served) -> None:
    for number in (1, 2):
        await notes.post(f"/notes?id={number}")
    assert (await notes.get("/stream")).body == b"1\n2\n"
    assert (await notes.get("/taken")).json() == 0


async def test_a_cancelled_request_gives_its_connection_back(
    serve: Server, postgres_url: str
) -> None:
    app = await serve(NOTES, environ={"DATABASE_URL": postgres_url})
    task = asyncio.ensure_future(app.request("QUERY", "/notes"))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if (await app.get("/taken")).json():
            break
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await app.get("/taken")).json() == 0


async def test_a_connection_that_ends_while_it_is_set_up_is_503(
    project: Callable[[Mapping[str, str]], Path],
) -> None:
    handler = """
        import asyncpg

        async def get() -> None:
            raise asyncpg.InterfaceError("connection is closed")
    """
    async with client(project({"routes/index.py": handler})) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


ONE_ROW = """
from sqlalchemy import text
from zenith_server import DB, Zenith

def make(folder, url):
    app = Zenith(folder)
    app.setup_database(url)

    @app.post("/rows")
    async def add(session=DB) -> int:
        await session.execute(text("CREATE TABLE IF NOT EXISTS rows (id int)"))
        await session.execute(text("INSERT INTO rows VALUES (1)"))
        return await session.scalar(text("SELECT count(*) FROM rows"))

    return app
"""


JOBS = {
    "services/jobs.py": """
        import asyncio
        from models.item import Item
        from zenith_server import Database

        class Jobs:
            def __init__(self, database: Database):
                self.database = database
                self.running = []

            def start(self, number: int) -> None:
                self.running.append(asyncio.create_task(self.store(number)))

            async def store(self, number: int) -> None:
                async with self.database.transaction() as session:
                    session.add(Item(id=number, name=str(number), number=number))
                    await session.flush()
                    if number == 2:
                        raise LookupError("the job failed")
        """,
    "routes/jobs.py": """
        import asyncio
        from services.jobs import Jobs

        async def post(jobs: Jobs, number: int) -> int:
            jobs.start(number)
            return number

        async def get(jobs: Jobs) -> list[str]:
            ends = await asyncio.gather(*jobs.running, return_exceptions=True)
            return [type(end).__name__ for end in ends]
        """,
}


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
async def test_jobs_have_transactions_of_their_own(
    serve: Server, kind: str, request: pytest.FixtureRequest
) -> None:
    environ = {} if kind == "sqlite" else {"DATABASE_URL": request.getfixturevalue(f"{kind}_url")}
    model = ITEMS["models/item.py"].replace("name: Mapped[str] = mapped_column(", _SHORT)
    app = await serve(ITEMS | {"models/item.py": model} | JOBS, environ=environ)
    await app.post("/tables")
    for number in (1, 2, 3):
        assert (await app.post(f"/jobs?number={number}")).status == 200
    assert (await app.get("/jobs")).json() == ["NoneType", "LookupError", "NoneType"]
    assert (await app.get("/items")).json() == 2


async def test_two_apps_in_one_process_have_databases_of_their_own(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(ONE_ROW, names)
    first, second = (
        names["make"](tmp_path, f"sqlite:///{tmp_path}/{each}.sqlite3") for each in "ab"
    )
    async with client(first) as one, client(second) as other:
        found = [(await http.post("/rows")).json() for http in (one, one, other, one, other)]
    assert found == [1, 2, 1, 3, 2]
