"""Revisions that wait for a lock without the traffic queueing up behind them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from zenith_server.database.migrations.environment import Progress

STATEMENT_WAIT = 5.0
"""Seconds that a statement of a revision waits for a lock before it lets others pass."""

_LONGEST_PAUSE = 30.0
_LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
_OLDEST = text(
    "SELECT 'process ' || pid || ' (' || application_name || '), for '"
    " || extract(epoch FROM now() - xact_start)::int || ' s' FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
    " ORDER BY xact_start LIMIT 3"
)
_log = logging.getLogger("zenith_server.migrations")


@contextmanager
def limited(connection: Connection, seconds: float, progress: Progress) -> Generator[None]:
    """Let each transaction of a PostgreSQL connection wait only so long for a lock.

    A statement that waits for a lock makes all later ones wait behind it, those that only read
    too. Autocommit blocks are left alone: what CONCURRENTLY waits for blocks nobody.

    Args:
        connection: the connection; those of other databases stay as they are.
        seconds: the time for each statement.
        progress: told when a part of a revision is committed before its end.
    """
    if connection.dialect.name != "postgresql":
        yield
        return

    def limit(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            begun.exec_driver_sql(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")

    def note(_: Connection) -> None:
        progress.is_partly_done = True

    event.listen(connection, "begin", limit)
    event.listen(connection, "commit", note)
    try:
        yield
    finally:
        event.remove(connection, "begin", limit)
        event.remove(connection, "commit", note)


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether a statement gave up because a lock was not free."""
    orig = error.orig if isinstance(error, DBAPIError) else None
    return getattr(orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


async def retried(run: Callable[[], Awaitable[None]], wait: float, progress: Progress) -> None:
    """Run revisions, again and again while one of them does not get its lock.

    Args:
        run: does what is not done yet.
        wait: seconds after which no new attempt is made.
        progress: how far they are; a revision that is partly committed is not begun again.
    """
    until, pause = time.monotonic() + wait, 0.5
    while True:
        try:
            return await run()
        except DBAPIError as error:
            is_over = time.monotonic() + pause > until
            if is_over or progress.is_partly_done or not is_lock_timeout(error):
                raise
        _log.warning("Revision %s waits for a lock; again in %g s", progress.running, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def oldest_transactions(connection: AsyncConnection) -> tuple[str, ...]:
    """Return who has the oldest transactions of this database: the likely holders of a lock."""
    await connection.rollback()
    found = (await connection.scalars(_OLDEST)).all()
    await connection.rollback()
    return tuple(found)
