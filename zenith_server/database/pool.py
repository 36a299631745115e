"""The connections that a worker keeps: how many it may have, and who has them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import AsyncAdaptedQueuePool, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from zenith_server.database.asking import asking
from zenith_server.database.watch import note, watched

if TYPE_CHECKING:
    from zenith_server.database.engines import Database

USABLE = 0.8
"""The part of a server's connections that all workers together may open."""
LIMITS = {
    "postgresql": (
        "SELECT current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
    ),
    "mysql": "SELECT @@max_connections",
}
"""Statements that return how many connections a server gives."""

_log = logging.getLogger("zenith_server.database")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a connection: the request and line that took it, and when (monotonic seconds)."""

    request: str
    line: str
    since: float


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, whose limit can be lowered once the server has said its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.held: dict[object, Holder] = {}
        self._withheld = 0

    @property
    def most(self) -> int:
        """The number of connections that may be open."""
        return self._pool.maxsize + self._max_overflow - self._withheld

    def lower(self, most: int) -> None:
        """Open no more connections than this."""
        if most < self.most:
            self._max_overflow = max(0, most - self._pool.maxsize)
            withheld = max(0, self._pool.maxsize - most)
            # As if so many were open already, which nobody will give back.
            self._overflow += withheld - self._withheld
            self._withheld = withheld

    def checkedout(self) -> int:
        """Return the number of connections that somebody has."""
        return super().checkedout() - self._withheld

    def holders(self) -> str:
        """Return who has the connections, in words."""
        now = time.monotonic()
        found = [f"{h.request} at {h.line} for {now - h.since:.1f} s" for h in self.held.values()]
        return "; ".join(found) or f"{self.checkedout()} in use"


def share(engine: AsyncEngine, backend: str, processes: int) -> None:
    """Lower the pool's limit at the first connection, if the server gives too few for all of us.

    Args:
        engine: a new engine.
        backend: its kind of database.
        processes: how many workers have such a pool.
    """
    pool = engine.pool
    if backend not in LIMITS or not isinstance(pool, Pool):
        return

    def ask(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(LIMITS[backend])
        given = int(cursor.fetchone()[0])
        cursor.close()
        connection.rollback()
        most = fair_share(given, processes)
        if most < pool.most:
            _log.warning(
                "The database server gives %d connections: each of %d workers opens at most %d",
                *(given, processes, most),
            )
            pool.lower(most)

    event.listen(engine.sync_engine, "first_connect", ask)


def fair_share(given: int, processes: int) -> int:
    """Return how many connections one worker may open.

    Example:
        >>> fair_share(97, processes=4)
        19
    """
    return max(1, int(given * USABLE) // processes)


def watch(engine: AsyncEngine) -> None:
    """Remember who has which connection, and which line sends which statement: for development."""
    pool = engine.pool

    def taken(_: object, record: object, __: object) -> None:
        if isinstance(pool, Pool):
            request = watched.get()
            name = request.request if request else "code outside of requests"
            pool.held[record] = Holder(name, asking() or "a library", time.monotonic())

    def returned(_: object, record: object) -> None:
        if isinstance(pool, Pool):
            pool.held.pop(record, None)

    def before(*arguments: Any) -> None:
        arguments[4].zenith_started = time.perf_counter()

    def after(*arguments: Any) -> None:
        statement, context = arguments[2], arguments[4]
        note(statement, asking(), time.perf_counter() - context.zenith_started)

    event.listen(engine.sync_engine, "checkout", taken)
    event.listen(engine.sync_engine, "checkin", returned)
    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)


def exhausted(databases: Iterable[Database]) -> str:
    """Return which pools have no connection left, and who has theirs."""
    found: list[str] = []
    for database in databases:
        pool = database.engine().pool
        if isinstance(pool, Pool) and pool.checkedout() >= pool.most:
            name = "" if database.name == "default" else f' of the database "{database.name}"'
            found.append(
                f"No connection{name} came free within {database.options.timeout:g} s; the pool "
                f"has {pool.most}: {pool.holders()}"
            )
    return "\n".join(found)


async def capacity(database: Database, workers: int) -> tuple[str, bool] | None:
    """Return what a server gives and what our workers may take, and whether it is enough.

    SQLite has no limit, and a server that cannot be asked has none that is known.
    """
    statement = LIMITS.get(database.url.backend)
    if statement is None:
        return None
    try:
        async with database.session("readonly") as session:
            given = int(await session.scalar(text(statement)) or 0)
    except (SQLAlchemyError, OSError) as error:
        return f"the server cannot be asked: {str(error).splitlines()[0]}", False
    own = database.options.size + database.options.overflow
    each = min(own, fair_share(given, workers)) if database.options.processes else own
    total = each * workers
    said = f"{workers} workers may open {each} each, {total} of the {given} that the server gives"
    return said, total <= given


def described(database: Database, workers: int) -> str:
    """Return where a database is and how many connections the workers may open, for the banner."""
    if database.url.backend == "sqlite":
        return database.url.masked
    most = database.options.size + database.options.overflow
    each = "" if workers == 1 else f" in each of {workers} workers"
    through = ", through PgBouncer" if database.options.pgbouncer else ""
    copies = f", {len(database.replicas)} replicas" if database.replicas else ""
    notes = "".join(f"; {note}" for note in database.url.notes)
    return f"{database.url.masked}, up to {most} connections{each}{through}{copies}{notes}"
