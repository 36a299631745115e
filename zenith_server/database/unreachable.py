"""A connection to a database, or an explanation why there is none."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from zenith_server.database.url import DatabaseURL
from zenith_server.errors import Fault, ProjectError

_REMEDIES = (
    (r"password|access denied|^role |no pg_hba", "Correct the user name or the password."),
    (r"database .*does not exist|unknown database", "Create the database, or correct its name."),
    (r"name or service|nodename|name resolution|no address", "Correct the name of the host."),
    (r"too many (clients|connections)|remaining connection", "Run fewer workers, or allow more."),
    (r"certificate|ssl", "Correct sslmode and sslrootcert in the URL."),
    (r"unable to open", "Check that the file and its folder may be written."),
)


@asynccontextmanager
async def connect(engine: AsyncEngine, url: DatabaseURL) -> AsyncGenerator[AsyncConnection]:
    """Give a connection of the engine.

    Raises:
        ProjectError: the database cannot be reached; the message says why, without the password.
    """
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
        except Exception as error:
            if not _is_of_the_database(error):
                raise
            raise ProjectError(unreachable(url, error)) from error
        yield connection


def _is_of_the_database(error: Exception) -> bool:
    """Also what SQLAlchemy lets through: asyncpg's own words about a connection just made."""
    is_raw = type(error).__module__.startswith("asyncpg.")
    return is_raw or isinstance(error, (SQLAlchemyError, OSError))


def unreachable(url: DatabaseURL, error: BaseException) -> Fault:
    """Say that a database cannot be reached, why, and what to do.

    Args:
        url: the database.
        error: what SQLAlchemy, the driver or the system raised.
    """
    return Fault(
        "The database cannot be reached",
        (f"{url.origin}: {url.masked}",),
        f"{_reason(error)}.",
        (_remedy(_reason(error)),),
    )


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, TimeoutError):
        return "The server did not answer in time"
    # MySQL's drivers give a number and a text.
    return (str(cause.args[-1]) if cause.args else type(cause).__name__).rstrip(".")


def _remedy(reason: str) -> str:
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, reason, re.IGNORECASE):
            return remedy
    return "Start the database server, or correct the host and the port."
