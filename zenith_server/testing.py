"""Tests of a project: its app is called in process, and its database forgets.

# tests/conftest.py
pytest_plugins = ["zenith_server.testing"]

# tests/test_articles.py
async def test_an_article_is_kept(client, session):
    response = await client.post("/articles", json={"title": "New"})
    assert response.status_code == 201
    assert await session.scalar(select(func.count(Article.id))) == 1
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from zenith_server.asgi import create_app
from zenith_server.boot import build, manifest_of, plugins_of, prepare
from zenith_server.compile import compile_plan
from zenith_server.database.databases import Databases
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.errors import ProjectError
from zenith_server.load import load, take_back_variables
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.owners import Loaded, models_of, owner_of
from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send
from zenith_server.settings import Settings, settings_of

try:
    import httpx2
    import pytest
    import pytest_asyncio
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"zenith_server.testing needs {error.name}: pip install 'zenith-server[test]'",
        name=error.name,
    ) from None

if TYPE_CHECKING:
    from zenith_server.database.session import Session

BASE_URL = "http://testserver"


@asynccontextmanager
async def client(
    app: str | Path | ASGIApp, *, env: str = "test"
) -> AsyncGenerator[httpx2.AsyncClient]:
    """Give a client of an app that runs in this process; it starts before and stops afterwards.

    Args:
        app: a project's folder, or an ASGI app such as `Zenith()`.
        env: the environment of a project's folder.

    Raises:
        ProjectError: everything that is wrong with the project.
        RuntimeError: the app does not start; says why.

    Example:
        >>> async with client("./project") as client:
        ...     response = await client.get("/articles")
    """
    called = create_app(app, env=env) if isinstance(app, (str, Path)) else app
    transport = httpx2.ASGITransport(called)
    async with running(called), httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
        yield http


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncGenerator[None]:
    """Start an app, and stop it on leaving (ASGI lifespan).

    Raises:
        RuntimeError: the app does not start or stop; says why.
    """
    life = _Life(app)
    await life.tell("startup")
    try:
        yield
    finally:
        await life.tell("shutdown")


class _Life:
    """The server's side of the lifespan protocol."""

    def __init__(self, app: ASGIApp) -> None:
        self._inbox = asyncio.Queue[Message]()
        self._outbox = asyncio.Queue[Message]()
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        self._app = asyncio.ensure_future(app(scope, self._inbox.get, self._outbox.put))

    async def tell(self, what: str) -> None:
        await self._inbox.put({"type": f"lifespan.{what}"})
        answer = asyncio.ensure_future(self._outbox.get())
        await asyncio.wait((answer, self._app), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            await self._app
        elif answer.result()["type"] == f"lifespan.{what}.failed":
            raise RuntimeError(answer.result()["message"])


# --- the pytest plugin ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `zenith_project` to pytest's settings."""
    parser.addini("zenith_project", "the folder of the Zenith Server project", default=".")


def pytest_configure(config: pytest.Config) -> None:
    """Let test modules import the project's: `from models.article import Article`."""
    try:
        settings = _settings(_folder(config))
        manifest_of(settings, plugins_of(settings))
    except ProjectError as error:
        raise pytest.UsageError(str(error)) from None


def _folder(config: pytest.Config) -> Path:
    return config.rootpath / str(config.getini("zenith_project"))


def _settings(folder: Path) -> Settings:
    take_back_variables()
    return settings_of(folder, env="test")


@pytest.fixture(scope="session")
def zenith_app(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Dispatcher:
    """Return the project's app, its database migrated; a new SQLite where none is configured."""
    settings = _settings(_folder(pytestconfig))
    plugins = plugins_of(settings)
    manifest = manifest_of(settings, plugins)
    if settings.database.url is None and (manifest.of("migration") or manifest.of("model")):
        url = f"sqlite:///{tmp_path_factory.mktemp('zenith')}/test.sqlite3"
        settings = replace(settings, database=replace(settings.database, url=url))
    settings = replace(settings, migrations=replace(settings.migrations, on_start="auto"))
    app = build(settings, compile_plan(settings, manifest, plugins))
    prepare(settings)
    models = [(file, load(file, manifest.root)) for file in manifest.of("model")]
    for name in _without_migrations(settings, manifest):
        asyncio.run(_create_tables(app.get(Databases), name, models))
    return app


def _without_migrations(settings: Settings, manifest: Manifest) -> list[str]:
    """Return the databases that have models, and no revisions to make their tables."""
    model, migration = (
        {owner_of(file.relative, settings.databases) for file in manifest.of(kind)}
        for kind in ("model", "migration")
    )
    return sorted(model - migration)


async def _create_tables(databases: Databases, name: str, models: Loaded) -> None:
    async with databases.lifespan(), databases.get(name).engine().begin() as connection:
        for tables in models_of(name, models, databases.settings):
            await connection.run_sync(tables.create_all)


@pytest_asyncio.fixture
async def sessions(zenith_app: Dispatcher) -> AsyncGenerator[Mapping[str, Session]]:
    """Run the app; undo afterwards what its databases did. A session for each that it uses."""
    async with running(zenith_app), AsyncExitStack() as stack:
        found: dict[str, Session] = {}
        for database in zenith_app.get(Databases).used:
            from zenith_server.database.sandbox import sandbox

            found[database.name] = await stack.enter_async_context(sandbox(database))
        yield found


@pytest.fixture
def session(sessions: Mapping[str, Session]) -> Session:
    """Return a session of the test's own, in the transaction that is undone after the test."""
    if "default" not in sessions:
        pytest.fail("The project uses no database, so there is no session", pytrace=False)
    return sessions["default"]


@pytest_asyncio.fixture(name="client")
async def _client(
    zenith_app: Dispatcher,
    sessions: Mapping[str, Session],  # noqa: ARG001 - it runs the app and undoes its work
) -> AsyncGenerator[httpx2.AsyncClient]:
    """Give a client of the app; what its requests commit is undone after the test."""
    transport = httpx2.ASGITransport(_in_turn(zenith_app))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
        yield http


def _in_turn(app: ASGIApp) -> ASGIApp:
    """Answer one request after another, since their sessions share one connection."""
    turn = asyncio.Lock()

    async def in_turn(scope: Scope, receive: Receive, send: Send) -> None:
        async with turn:
            await app(scope, receive, send)

    return in_turn
