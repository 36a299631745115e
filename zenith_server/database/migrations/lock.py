"""One process migrates, the others wait: a lock that its holder cannot take to the grave."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from zenith_server.database.engines import Database
from zenith_server.database.unreachable import connect
from zenith_server.errors import Fault, ProjectError

PAUSE = 0.2
"""Seconds between two attempts to take the lock."""

# "zeni" and a number of ours: PostgreSQL keeps advisory locks apart by two integers.
_KEYS = {"first": 0x7A656E69, "second": 1}
_TRY = text("SELECT pg_try_advisory_lock(:first, :second)")
_NAME = text("SELECT set_config('application_name', :name, false)")
_TRY_WITHIN = text(
    "SELECT set_config('application_name', :name, true),"
    " set_config('idle_in_transaction_session_timeout', '0', true),"
    " pg_try_advisory_xact_lock(:first, :second)"
)
_HOLDER = text(
    "SELECT 'process ' || pid || ' of the server (' || application_name || ')'"
    " FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND classid = :first AND objid = :second"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True)
class _Lock:
    connection: AsyncConnection
    attempt: Callable[[], Awaitable[bool]]
    holder: Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def hold(database: Database, wait: float) -> AsyncGenerator[AsyncConnection]:
    """Hold the migration lock of a database, and give the connection that owns it.

    The lock is free again as soon as that connection is gone, however it ended; a statement that
    outlives its process keeps it, so that the next process does not run into it.

    It is asked for again and again instead of waited for inside the database: a statement that
    waits has a snapshot, and CREATE INDEX CONCURRENTLY waits for all older snapshots. It belongs
    to the session, since revisions commit. A PgBouncer that pools by transaction gives the sessions
    of the server to whoever comes next, so there a second connection holds it, in a transaction
    that stays open (https://www.pgbouncer.org/features.html).

    Args:
        database: what is locked; processes elsewhere that use the same database wait as well.
        wait: seconds to wait for the lock.

    Raises:
        ProjectError: the time is over; the message names who holds the lock.
    """
    kind = "pgbouncer" if database.options.pgbouncer else database.url.backend
    async with _LOCKS[kind](database) as lock:
        await _take(lock, database, wait)
        yield lock.connection


async def _take(lock: _Lock, database: Database, wait: float) -> None:
    until = time.monotonic() + wait
    while not await lock.attempt():
        if time.monotonic() > until:
            raise ProjectError(_timed_out(database, wait, await lock.holder()))
        await lock.connection.rollback()  # a transaction left open has a snapshot, too
        await asyncio.sleep(PAUSE)
    await lock.connection.rollback()


def _timed_out(database: Database, wait: float, holder: str | None) -> Fault:
    return Fault(
        f"The migration lock was not free within {wait:g} seconds",
        (database.url.masked,),
        f"It is held by {holder or 'a process that has just left'}.",
        (
            "Wait until that process has finished its migrations, then start again.",
            "If it hangs, end it: the lock is free as soon as it is gone.",
        ),
    )


@asynccontextmanager
async def _own_connection(database: Database) -> AsyncGenerator[AsyncConnection]:
    """A connection that is closed in the end, not pooled: nobody else shall inherit the lock."""
    async with connect(database.engine(), database.url) as connection:
        try:
            yield connection
        finally:
            await connection.invalidate()


@asynccontextmanager
async def _postgresql(database: Database) -> AsyncGenerator[_Lock]:
    async with _own_connection(database) as connection:
        await connection.execute(_NAME, {"name": _who()})
        await connection.commit()

        async def attempt() -> bool:
            return bool(await connection.scalar(_TRY, _KEYS))

        async def holder() -> str | None:
            return await connection.scalar(_HOLDER, _KEYS)

        yield _Lock(connection, attempt, holder)


@asynccontextmanager
async def _pgbouncer(database: Database) -> AsyncGenerator[_Lock]:
    """A transaction in which nothing is asked has no snapshot, so that nobody waits for it."""
    async with _own_connection(database) as keeper, _own_connection(database) as connection:

        async def attempt() -> bool:
            row = (await keeper.execute(_TRY_WITHIN, {"name": _who(), **_KEYS})).one()
            if row[2]:
                # Its answer keeps the snapshot until the next one: a simple query has none left.
                driver = (await keeper.get_raw_connection()).driver_connection
                await cast("Any", driver).execute("SELECT 1")
            else:
                await keeper.rollback()
            return bool(row[2])

        async def holder() -> str | None:
            return await connection.scalar(_HOLDER, _KEYS)

        yield _Lock(connection, attempt, holder)


@asynccontextmanager
async def _mysql(database: Database) -> AsyncGenerator[_Lock]:
    async with _own_connection(database) as connection:
        # Locks have names of up to 64 characters, common to all databases of the server.
        digest = hashlib.sha256((database.engine().url.database or "").encode()).hexdigest()
        name = {"name": f"zenith-server {digest[:40]}"}

        async def attempt() -> bool:
            return bool(await connection.scalar(text("SELECT GET_LOCK(:name, 0)"), name))

        async def holder() -> str | None:
            found = await connection.scalar(text("SELECT IS_USED_LOCK(:name)"), name)
            return None if found is None else f"connection {found} of the server"

        yield _Lock(connection, attempt, holder)


@asynccontextmanager
async def _sqlite(database: Database) -> AsyncGenerator[_Lock]:
    async with connect(database.engine(), database.url) as connection:
        file = database.url.file
        # Nobody else can open a database in memory. Windows has no such lock in Python:
        # processes that migrate one SQLite file at once would meet there.
        if file is None or sys.platform == "win32":
            yield _Lock(connection, _free, _nobody)
            return
        with _open(file.with_name(f"{file.name}.migrating")) as opened:
            yield _Lock(connection, lambda: _try_file(opened), lambda: _read_file(opened))


async def _free() -> bool:
    return True


async def _nobody() -> None:
    return None


def _open(file: Path) -> IO[str]:
    return file.open("a+", encoding="utf-8")


async def _read_file(opened: IO[str]) -> str | None:
    opened.seek(0)
    return opened.read() or None


async def _try_file(opened: IO[str]) -> bool:
    """Lock the file for as long as it is open; the system lets go when the process ends."""
    import fcntl  # not on Windows

    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    opened.truncate(0)
    opened.write(_who())
    opened.flush()
    return True


def _who() -> str:
    return f"zenith-server on {socket.gethostname()[:24]}, process {os.getpid()}"


_LOCKS = {
    "postgresql": _postgresql,
    "pgbouncer": _pgbouncer,
    "mysql": _mysql,
    "sqlite": _sqlite,
}
