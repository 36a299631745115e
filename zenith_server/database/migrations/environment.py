"""Alembic's machinery, run without an ini file and without env.py."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from zenith_server.database.migrations import sql_file
from zenith_server.database.url import DatabaseURL

Direction = Literal["upgrade", "downgrade"]
VERSIONS = "alembic_version"

# `alembic.op` stands for whatever runs now, in the whole process: one after another, then.
_ALEMBIC = threading.Lock()
_PAUSE = 0.05


def _silent() -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Progress:
    """How far a run has come: the ids that are done, and the one that runs, perhaps in parts.

    Args:
        told: called when a revision begins and when it is done.
    """

    told: Callable[[], None] = _silent
    done: list[str] = field(default_factory=list[str])
    total: int = 0
    running: str | None = None
    since: float = 0.0
    is_partly_done: bool = False

    def follow(self, steps: list[Any]) -> Iterator[Any]:
        """Give the steps one by one; the next is asked for when the last is committed."""
        self.total = len(self.done) + len(steps)
        for step in steps:
            self.running, self.is_partly_done = step.revision.revision, False
            self.since = time.monotonic()
            self.told()
            yield step
            self.done.append(step.revision.revision)
            self.running = None
            self.told()


@asynccontextmanager
async def alone() -> AsyncGenerator[None]:
    """Keep Alembic to one run at a time, whatever the thread or the event loop."""
    # An event of asyncio cannot be waited for in several event loops.
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110
        await asyncio.sleep(_PAUSE)
    try:
        yield
    finally:
        _ALEMBIC.release()


def version_table(name: str) -> str:
    """Return the table that keeps the revisions of one of a project's databases.

    Each database has its own, even where two of them have one address: their numbers are alike.
    """
    return VERSIONS if name == "default" else f"{VERSIONS}_{name}"


def current_heads(connection: Connection, versions: str) -> tuple[str, ...]:
    """Return the revisions that the database says it is at, sorted.

    Args:
        connection: the database.
        versions: the table that keeps them.
    """
    context = MigrationContext.configure(connection, opts={"version_table": versions})
    return tuple(sorted(context.get_current_heads()))


def modules(folder: Path, dialect: str) -> dict[str, Any]:
    """Return the modules of the revisions by their ids.

    Args:
        folder: the revisions.
        dialect: the database that those in SQL are written for.
    """
    found = _Directory(folder, dialect).walk_revisions()
    return {script.revision: script.module for script in found}


class _Directory(ScriptDirectory):
    """The revisions of a folder, those in SQL too."""

    def __init__(self, folder: Path, dialect: str) -> None:
        super().__init__(str(Path(__file__).parent), version_locations=[str(folder)])
        self._folder = folder
        self._dialect = dialect

    def _load_revisions(self) -> Iterator[Script]:
        yield from super()._load_revisions()
        for file in self._folder.glob("*.sql"):
            module: Any = sql_file.module(file, self._dialect)
            yield Script(module, module.revision, file)


def run(
    connection: Connection,
    folder: Path,
    versions: str,
    direction: Direction,
    target: str,
    progress: Progress,
) -> None:
    """Run revisions up or down to a target, each in a transaction of its own.

    Args:
        connection: a connection that is in no transaction.
        folder: the revisions.
        versions: the table that keeps which of them are applied.
        direction: whether to apply or to undo.
        target: `head`, `base`, a revision's id, or a number of steps such as `-1`.
        progress: told what runs and what is done.
    """
    script = _Directory(folder, connection.dialect.name)
    plan = _plan(script, direction, target, progress)
    with EnvironmentContext(Config(), script, fn=plan) as environment:
        environment.configure(
            connection=connection,
            version_table=versions,
            transaction_per_migration=True,
            on_version_apply=_check_after(connection),
        )
        with environment.begin_transaction():
            environment.run_migrations()


def written(
    folder: Path, versions: str, url: DatabaseURL, since: str, target: str, progress: Progress
) -> str:
    """Return the statements of revisions as a script, without a database.

    Args:
        folder: the revisions.
        versions: the table that keeps which of them are applied.
        url: the database that the script is for.
        since: where the database stands: `base`, or a revision's id.
        target: `head`, or a revision's id.
        progress: told what is written and what is done.
    """
    script, buffer = _Directory(folder, url.backend), StringIO()
    plan = _plan(script, "upgrade", target, progress)
    with EnvironmentContext(
        Config(), script, fn=plan, as_sql=True, starting_rev=since
    ) as environment:
        environment.configure(
            dialect_name=url.dialect,
            version_table=versions,
            output_buffer=buffer,
            literal_binds=True,
            transaction_per_migration=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()
    return buffer.getvalue()


def _plan(
    script: ScriptDirectory, direction: Direction, target: str, progress: Progress
) -> Callable[[Any, object], Iterator[Any]]:
    steps: Any = getattr(script, f"_{direction}_revs")  # what Alembic's own commands call

    def plan(heads: Any, _context: object) -> Iterator[Any]:
        return progress.follow(steps(target, heads))

    return plan


class BrokenReferences(Exception):
    """A revision for SQLite left rows that refer to rows which are not there."""


def _check_after(connection: Connection) -> Callable[..., None]:
    """Check SQLite's foreign keys at the end of each revision, since they are off meanwhile."""
    if connection.dialect.name != "sqlite":
        return _nothing
    before = _broken(connection)
    connection.commit()

    def check(**_: object) -> None:
        tables = sorted(_broken(connection) - before)
        if tables:
            raise BrokenReferences(f"Rows of {', '.join(tables)} refer to rows that are not there")

    return check


def _nothing(**_: object) -> None:
    """Other databases check their foreign keys themselves."""


def _broken(connection: Connection) -> set[str]:
    return {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}


@asynccontextmanager
async def without_foreign_keys(connection: AsyncConnection) -> AsyncGenerator[None]:
    """Turn SQLite's foreign keys off for a while; elsewhere do nothing.

    SQLite alters a table by copying it and dropping the old one, which deletes all rows that
    refer to it where the keys say ON DELETE CASCADE. It cannot be turned off in a transaction.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        await connection.rollback()
        await driver.execute("PRAGMA foreign_keys = ON")
