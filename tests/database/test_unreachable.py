"""A database that cannot be reached is explained, without its password."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import event, text

from tests.conftest import missing
from tests.servers import ServerMissing, private_cluster
from tests.silence import silent_server
from zenith_server.database.engines import Database
from zenith_server.database.unreachable import connect, unreachable
from zenith_server.database.url import normalise
from zenith_server.errors import ProjectError


async def message(url: str) -> str:
    database = Database(normalise(url, root=Path("/"), origin="DATABASE_URL"))
    async with database.lifespan():
        with pytest.raises(ProjectError) as caught:
            async with connect(database.engine(), database.url):
                pass
    return str(caught.value)


async def test_a_server_that_is_not_there(free_port: int) -> None:
    said = await message(f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop")
    assert said.startswith(
        f"The database cannot be reached\n"
        f"  at DATABASE_URL: postgresql://ann:***@127.0.0.1:{free_port}/shop\n\n"
    )
    assert "Connect call failed" in said
    assert said.endswith("  * Start the database server, or correct the host and the port.")


async def test_a_database_that_does_not_exist(postgres_url: str) -> None:
    said = await message(f"{postgres_url}_gone")
    assert '_gone" does not exist.' in said
    assert "Create the database, or correct its name." in said


async def test_a_host_without_an_address() -> None:
    said = await message("postgresql://ann@no-such-host.invalid/shop")
    assert "Correct the name of the host." in said


async def test_a_mysql_database_that_does_not_exist(mysql_url: str) -> None:
    said = await message(f"{mysql_url}_gone")
    assert "Unknown database '" in said
    assert "Create the database, or correct its name." in said


async def test_a_mysql_server_that_is_not_there(free_port: int) -> None:
    said = await message(f"mysql://ann:s3cret@127.0.0.1:{free_port}/shop")
    assert "Can't connect to MySQL server" in said
    assert "s3cret" not in said


async def test_a_wrong_password() -> None:
    try:
        with private_cluster() as cluster:
            said = await message(cluster.url.replace(cluster.password, "s3cret"))
    except ServerMissing as fault:
        missing("PostgreSQL of our own", fault)
    assert 'password authentication failed for user "postgres".' in said
    assert "Correct the user name or the password." in said
    assert "s3cret" not in said


async def test_a_role_without_connections_left(postgres_url: str) -> None:
    role = urlsplit(postgres_url).path[1:]
    async with Database(postgres_url).lifespan() as database:
        async with database.transaction() as session:
            await session.execute(text(f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 0'))
        try:
            said = await message(
                f"postgresql://{role}@{urlsplit(postgres_url).netloc.split('@')[-1]}/x"
            )
        finally:
            async with database.transaction() as session:
                await session.execute(text(f'DROP ROLE "{role}"'))
    assert "too many connections for role" in said
    assert "Run fewer workers, or allow more." in said


@asynccontextmanager
async def hanging_up(url: str, after: int) -> AsyncIterator[str]:
    """A way to PostgreSQL that ends once so many things were said on it, by either side."""
    server = urlsplit(url)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, inwards = await asyncio.open_connection(server.hostname, server.port or 5432)
        ways = ((reader, inwards), (answers, writer))
        left = iter(range(after))
        passing = [asyncio.create_task(passed(source, sink, left)) for source, sink in ways]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for each in passing:
            each.cancel()
        for each in (inwards, writer):
            each.close()

    async with await asyncio.start_server(accepted, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        yield server._replace(netloc=f"postgres:s3cret@127.0.0.1:{port}").geturl()


async def passed(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, left: Iterator[int]
) -> None:
    for _ in left:
        data = await source.read(65536)
        if not data:
            return
        sink.write(data)
        await sink.drain()


async def attempt(url: str) -> str | None:
    """Return what is said of a database that cannot be reached; nothing if it can be."""
    database = Database(normalise(url, root=Path("/"), origin="DATABASE_URL"))
    async with database.lifespan():
        try:
            async with connect(database.engine(), database.url):
                return None
        except ProjectError as error:
            return str(error)


async def test_a_connection_that_ends_while_it_is_made_is_explained(postgres_url: str) -> None:
    said: list[str] = []
    for after in range(100):
        async with hanging_up(postgres_url, after) as url:
            words = await attempt(url)
        if words is None:
            break
        said.append(words)
    assert len(said) > 5
    assert {each.splitlines()[0] for each in said} == {"The database cannot be reached"}
    assert "s3cret" not in "".join(said)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("cannot call Connection.set_type_codec(): connection is closed"),
    ],
)
async def test_what_sqlalchemy_lets_through_is_explained_too(
    error: Exception, postgres_url: str
) -> None:
    """As when a connection ends while its types are set up: those calls are not translated."""
    database = Database(postgres_url)
    async with database.lifespan():

        def set_up(_connection: object, _record: object) -> None:
            raise error

        event.listen(database.engine().sync_engine, "connect", set_up)
        with pytest.raises(ProjectError, match="The database cannot be reached"):
            async with connect(database.engine(), database.url):
                pass


async def test_a_fault_of_our_own_is_not_the_databases(postgres_url: str) -> None:
    database = Database(postgres_url)
    async with database.lifespan():

        def set_up(_connection: object, _record: object) -> None:
            raise KeyError("ours")

        event.listen(database.engine().sync_engine, "connect", set_up)
        with pytest.raises(KeyError, match="ours"):
            async with connect(database.engine(), database.url):
                pass


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_server_that_accepts_and_is_silent_is_not_waited_for_without_end(
    scheme: str,
) -> None:
    async with silent_server() as port:
        async with asyncio.timeout(10):
            said = await message(f"{scheme}://ann@127.0.0.1:{port}/shop?connect_timeout=1")
    assert "The server did not answer in time." in said


def test_a_server_that_does_not_answer() -> None:
    url = normalise("postgresql://db/shop", root=Path("/"), origin="DATABASE_URL")
    assert "The server did not answer in time." in str(unreachable(url, TimeoutError()))


def test_an_error_without_words_gives_its_name() -> None:
    url = normalise("postgresql://db/shop", root=Path("/"), origin="DATABASE_URL")
    assert "ConnectionResetError." in str(unreachable(url, ConnectionResetError()))
