"""A database that cannot be reached is explained, without its password."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_a_server_that_does_not_answer() -> None:
    url = normalise("postgresql://db/shop", root=Path("/"), origin="DATABASE_URL")
    assert "The server did not answer in time." in str(unreachable(url, TimeoutError()))


def test_an_error_without_words_gives_its_name() -> None:
    url = normalise("postgresql://db/shop", root=Path("/"), origin="DATABASE_URL")
    assert "ConnectionResetError." in str(unreachable(url, ConnectionResetError()))
