"""The example project, served in this process on an empty database, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pwdlib import PasswordHash
from sqlalchemy import text

from tests import servers
from tests.served import Answer, Served, served
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations

PROJECT = Path(__file__).resolve().parents[2] / "example_project"
PASSWORD = "correct horse"
SECRET_KEY = "only for these tests, 32 letters"


@dataclass(slots=True)
class Client:
    """Somebody who sends requests, logged in or not."""

    app: Served
    name: str = ""
    token: str = ""

    async def send(self, method: str, url: str, body: Any = None, **query: object) -> Answer:
        headers = {"authorization": f"Token {self.token}"} if self.token else {}
        pairs = "&".join(f"{key}={value}" for key, value in query.items())
        url = f"/api{url}?{pairs}" if pairs else f"/api{url}"
        return await self.app.request(method, url, headers, json=body)

    async def get(self, url: str, **query: object) -> Any:
        return self._good(await self.send("GET", url, **query))

    async def post(self, url: str, body: Any = None) -> Any:
        return self._good(await self.send("POST", url, body))

    async def put(self, url: str, body: Any) -> Any:
        return self._good(await self.send("PUT", url, body))

    async def delete(self, url: str) -> Any:
        return self._good(await self.send("DELETE", url))

    async def publish(self, title: str, **more: Any) -> dict[str, Any]:
        article = {"title": title, "description": "About", "body": "Text", **more}
        return (await self.post("/articles", {"article": article}))["article"]

    async def titles(self, url: str = "/articles", **query: object) -> list[str]:
        return [article["title"] for article in (await self.get(url, **query))["articles"]]

    @staticmethod
    def _good(answer: Answer) -> Any:
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json() if answer.body else None


NewClient = Callable[[str], Awaitable[Client]]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Return the URL of a database that the project's own revisions made."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('conduit')}/conduit.sqlite3"
        else:
            server: servers.PostgresServer = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database())
        servers.run_apart(migrate(url))
        yield url


async def migrate(url: str) -> None:
    async with Database(url).lifespan() as database:
        await Migrations(database, PROJECT / "migrations").upgrade()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Return the project's database without a row."""
    async with Database(database_url).lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text("DELETE FROM users"))  # and all that belongs to them
        yield database


@pytest.fixture
async def app(database: Database, database_url: str) -> AsyncIterator[Served]:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    app = await served(PROJECT, "test", environ)
    yield app
    await app.stop()


@pytest.fixture
def anybody(app: Served) -> Client:
    """Return a client that is not logged in."""
    return Client(app)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Return the hash of everybody's password, made once because it takes its time."""
    return PasswordHash.recommended().hash(PASSWORD)


@pytest.fixture
def join(app: Served, database: Database, password_hash: str) -> NewClient:
    """Return a function that adds a user and returns them logged in."""
    insert = text(
        "INSERT INTO users (username, email, password_hash, bio, image)"
        " VALUES (:name, :email, :hash, '', '') RETURNING id"
    )

    async def join(name: str) -> Client:
        values = {"name": name, "email": f"{name}@example.com", "hash": password_hash}
        async with database.transaction() as session:
            number = await session.scalar(insert, values)
        return Client(app, name, signed(sub=str(number)))

    return join


def signed(key: str = SECRET_KEY, **changes: Any) -> str:
    """Return a token; a claim of None is left out."""
    claims = {"sub": "1", "exp": datetime.now(UTC) + timedelta(hours=1)} | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, "HS256")


@pytest.fixture
async def ann(join: NewClient) -> Client:
    return await join("ann")


@pytest.fixture
async def bob(join: NewClient) -> Client:
    return await join("bob")
