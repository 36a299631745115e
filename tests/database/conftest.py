"""A MySQL or MariaDB for the tests that want one: the one that listens on its standard port."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from zenith_server.database.engines import Database

SERVER = os.environ.get("ZENITH_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306")


async def execute(statement: str) -> None:
    async with Database(f"{SERVER}/mysql").transaction() as session:
        await session.execute(text(statement))


def execute_outside(statement: str) -> None:
    """Execute in a thread with a loop of its own, since one may run in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, execute(statement)).result()


@contextmanager
def mysql_database() -> Iterator[str]:
    """Make a database with a name of its own, hand out its URL, drop it afterwards."""
    name = f"zenith_test_{secrets.token_hex(6)}"
    try:
        execute_outside(f"CREATE DATABASE {name}")
    except OperationalError as error:
        pytest.skip(f"no MySQL server: {error.orig}")
    yield f"{SERVER}/{name}"
    execute_outside(f"DROP DATABASE {name}")


@pytest.fixture
def new_mysql_url() -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database; without a server, skip."""
    pytest.importorskip("asyncmy")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(mysql_database())


@pytest.fixture
def mysql_url(new_mysql_url: Callable[[], str]) -> str:
    """Return the URL of an empty database of this test's own; without a server, skip."""
    return new_mysql_url()
