"""What makes SQLite a database for servers: WAL, foreign keys, waiting, and real transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from zenith_server.errors import Fault, ProjectError

BUSY_TIMEOUT = 5000
"""Milliseconds that a transaction waits for another one that writes."""

_BEGIN = "zenith_begin"


def prepare(engine: AsyncEngine, file: Path | None) -> None:
    """Set up each connection of the engine, and the folder of a database that is new.

    The driver's own handling of transactions is turned off, since it begins none before SELECT,
    DDL and SAVEPOINT; SQLAlchemy says BEGIN instead
    (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions).

    Args:
        engine: a new engine of SQLite.
        file: the database's file, if it has one; its folder is made when only that is missing.

    Raises:
        ProjectError: the file has no folder to be in.
    """
    if file is not None:
        _make_folder(file.parent)
    event.listen(engine.sync_engine, "connect", _configure)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "checkin", _end)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        fault = Fault(
            "The folder of the SQLite database cannot be made",
            (str(folder),),
            f"{error.strerror}.",
            ("Make the folder, or correct the path in the database URL.",),
        )
        raise ProjectError(fault) from None


def in_mode(engine: AsyncEngine, mode: str) -> AsyncEngine:
    """Return the engine with transactions of one kind, on the same connections.

    Those of `read` take the write lock only when they write. One that reads first and then writes
    fails at once if another wrote in between, however long the busy timeout; so this is for
    transactions that hardly ever write. `readonly` has none: each statement stands alone. All
    others are serializable anyway.

    Args:
        engine: the engine.
        mode: see `Session`.
    """
    begin = {"read": "BEGIN", "readonly": ""}.get(mode)
    return engine if begin is None else engine.execution_options(**{_BEGIN: begin})


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    statement = options.get(_BEGIN, "BEGIN IMMEDIATE")
    if statement and options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(statement)


def _end(connection: Any, _record: object) -> None:
    """Undo what a failed COMMIT left open, which SQLAlchemy takes for ended.

    SQLite keeps a transaction whose deferred foreign keys do not hold, so that it can be mended
    (https://www.sqlite.org/foreignkeys.html#fk_deferred).
    """
    if connection is not None and connection.driver_connection.in_transaction:
        connection.rollback()
