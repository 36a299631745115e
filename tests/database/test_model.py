"""`Model`: rows are made, found, changed and deleted with whatever session is open."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from tests.conftest import Server
from tests.database.shop import Author, Book, fill
from zenith_server import Model, NotFound
from zenith_server.database.columns import UnknownColumn
from zenith_server.database.current import NoSession
from zenith_server.database.engines import Database
from zenith_server.database.sandbox import sandbox


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    kind = request.param
    file = f"sqlite:///{tmp_path}/shop.db"
    url = file if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")
    async with Database(url).lifespan() as database:
        await fill(database)
        yield database


async def test_an_object_is_made_found_changed_and_deleted(database: Database) -> None:
    async with database.transaction():
        made = await Author.create(name="Grace")
        assert made.id
        await made.update(name="Grace Hopper")
    async with database.transaction():
        found = await Author.find(made.id)
        assert found is not None
        assert found is not made
        assert found.name == "Grace Hopper"
        await found.delete()
        assert await Author.find(made.id) is None
        with pytest.raises(NotFound, match="No such Author"):
            await Author.find_or_404(made.id)
    async with database.session():
        assert await Author.where().count() == 1
        assert (await Author.find_or_404(1)).name == "Ada"


async def test_nothing_is_committed_behind_the_sessions_back(database: Database) -> None:
    async with database.session():
        await Author.create(name="Grace")
    async with database.session() as session:
        assert [author.name for author in await session.scalars(select(Author))] == ["Ada"]


async def test_the_innermost_session_counts() -> None:
    first, second = Database("sqlite://"), Database("sqlite://")
    async with first.lifespan(), second.lifespan():
        await fill(first)
        await fill(second, books=2)
        async with first.session():
            async with second.session():
                assert await Book.where().count() == 2
            assert await Book.where().count() == 0


async def test_a_sandbox_is_a_session_too() -> None:
    async with Database("sqlite://").lifespan() as database:
        await fill(database)
        async with sandbox(database):
            await Author.create(name="Grace")
            assert await Author.where().count() == 2


async def test_without_a_session_the_message_says_how_to_open_one() -> None:
    with pytest.raises(NoSession, match=r"async with database\.transaction\(\)"):
        await Author.find(1)


@pytest.mark.parametrize("call", [lambda: Author(nam="x"), lambda: Author.where(nam="x")])
def test_a_misspelt_column_is_told_with_all_there_are(call: object) -> None:
    assert callable(call)
    message = r'Author has no column "nam"\. Did you mean "name"\? There is: .*id, name'
    with pytest.raises(UnknownColumn, match=message):
        call()


async def test_a_misspelt_column_in_a_change_changes_nothing() -> None:
    author = Author(id=1, name="Ada")
    with pytest.raises(UnknownColumn, match="Did you mean"):
        await author.update(name="Grace", nme="x")
    assert author.name == "Ada"


def test_a_private_column_is_not_in_the_repr() -> None:
    assert repr(Author(id=1, name="Ada", token="hidden")) == "Author(id=1, name='Ada')"


async def test_private_values_are_in_no_message_of_the_database(database: Database) -> None:
    async with database.session() as session:
        session.add(Author(id=1, name="Ada", token="s3cret"))
        with pytest.raises(Exception, match=r"(?i)duplicate|unique") as caught:
            await session.flush()
    assert "s3cret" not in str(caught.value)


def test_the_models_of_a_project_that_was_left_are_forgotten() -> None:
    code = """
from sqlalchemy.orm import Mapped, mapped_column
from zenith_server import Model
class Item(Model):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
    found: list[object] = []
    for _ in range(2):
        sys.modules["shop_model"] = module = ModuleType("shop_model")
        exec(code, vars(module))
        del sys.modules["shop_model"]
        assert "items" in Model.metadata.tables
        found.append(Model.metadata)
    assert found[0] is not found[1]


MODELS = {
    "models/item.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from zenith_server import Model, private

        class Item(Model):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(unique=True)
            secret: Mapped[str] = private(default="hidden")
        """,
    "app.py": """
        from zenith_server import Database, Model, Zenith

        app = Zenith()

        @app.post("/tables")
        async def tables(database: Database) -> None:
            async with database.engine().begin() as connection:
                await connection.run_sync(Model.metadata.create_all)
        """,
    "routes/items.py": """
        from models.item import Item
        from zenith_server import DB, Page

        async def post(name: str):
            return await Item.create(name=name)

        async def get():
            return await Item.where().page()

        async def put(session=DB):
            await Item.where().update(name="changed")
            assert (await session.get(Item, 1)).name == "changed"
            raise RuntimeError("too late")
        """,
    "routes/items/count.py": """
        from models.item import Item

        async def get() -> int:
            return await Item.where().count()
        """,
}


async def test_in_a_request_models_use_its_session_without_being_told(serve: Server) -> None:
    app = await serve(MODELS)
    await app.post("/tables")
    assert (await app.post("/items?name=a")).json() == {"id": 1, "name": "a"}
    assert (await app.post("/items?name=a")).status == 409
    assert (await app.get("/items/count")).json() == 1
    assert (await app.request("PUT", "/items")).status == 500
    page = (await app.get("/items")).json()
    assert page == {"items": [{"id": 1, "name": "a"}], "number": 1, "size": 20, "total": 1}


async def test_a_project_in_code_has_the_same_models(serve: Server) -> None:
    models = {"app.py": MODELS["models/item.py"].replace("        ", "") + _IN_CODE}
    app = await serve(models)
    assert (await app.post("/?name=a")).json() == {"id": 1, "name": "a"}


_IN_CODE = """
from zenith_server import Database, Zenith

app = Zenith()

@app.on_startup
async def make():
    database = Database("sqlite://")

@app.post("/")
async def post(name: str, database: Database):
    async with database.engine().begin() as connection:
        await connection.run_sync(Model.metadata.create_all)
    return await Item.create(name=name)
"""


async def test_models_of_two_databases_have_two_metadata() -> None:
    class Event(Model):
        __tablename__ = "authors"
        __database__ = "logs"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert Event.metadata is not Author.metadata
    main, logs = Database("sqlite://"), Database("sqlite://", name="logs")
    async with main.lifespan(), logs.lifespan():
        await fill(main)
        async with logs.engine().begin() as connection:
            await connection.run_sync(Event.metadata.create_all)
        async with main.transaction(), logs.transaction():
            await Event.create()
            assert (await Event.where().count(), await Author.where().count()) == (1, 1)
        async with main.session():
            with pytest.raises(NoSession, match=r'session = DB\["logs"\]'):
                await Event.where().count()
