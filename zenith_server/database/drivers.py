"""Drivers: whether they can be used, and how long they may take to connect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from zenith_server.database.url import Backend, DatabaseURL
from zenith_server.errors import Fault, ProjectError

SILENT = "The server did not answer in time"
INSTALL = "pip install 'zenith-server[mysql]'"


def refuse_unusable(url: DatabaseURL) -> None:
    """Raise if the driver of a database is not there, or is too old.

    Raises:
        ProjectError: says what to install.
    """
    if url.backend != "mysql":
        return
    try:
        from asyncmy.connection import Connection
    except ModuleNotFoundError as error:
        raise ProjectError(_missing(url)) from error
    # All that says that the server has gone: without it each session would have to ask.
    if not hasattr(Connection, "_stream_broken"):
        raise ProjectError(_old(url))


async def _asyncpg(*arguments: Any, **options: Any) -> Any:
    driver: Any = import_module("asyncpg")
    try:
        return await driver.connect(*arguments, **options)
    except TimeoutError as error:
        raise ConnectionError(SILENT) from error


async def _asyncmy(*, connect_timeout: float | None = None, **options: Any) -> Any:
    """It limits the time for the socket alone; a server that accepts may be silent for ever."""
    driver: Any = import_module("asyncmy.connection")
    connection = driver.Connection(connect_timeout=connect_timeout, **options)
    try:
        async with asyncio.timeout(connect_timeout):
            await connection.connect()
    except TimeoutError as error:
        raise ConnectionError(SILENT) from error
    finally:
        if not connection.connected:
            connection.close()
    return connection


CONNECT: Mapping[Backend, Callable[..., Awaitable[Any]]] = {
    "postgresql": _asyncpg,
    "mysql": _asyncmy,
}
"""How connections are made: one that takes too long is an outage, as one that is refused."""


def _missing(url: DatabaseURL) -> Fault:
    return Fault(
        "asyncmy, the driver of MySQL and MariaDB, is not installed",
        (f"{url.origin}: {url.masked}",),
        fixes=(f"Install it: {INSTALL}",),
    )


def _old(url: DatabaseURL) -> Fault:
    try:
        found = version("asyncmy")
    except PackageNotFoundError:
        found = "of unknown version"
    return Fault(
        f"asyncmy {found} does not tell whether a connection is still open",
        (f"{url.origin}: {url.masked}",),
        "Connections that the server has closed could not be replaced before they are used.",
        (f"Install a version from 0.2.18 on: {INSTALL}",),
    )
