"""What makes PostgreSQL behind a PgBouncer that pools by transaction an ordinary database."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import ExecutionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine

# https://docs.sqlalchemy.org/en/21/dialects/postgresql.html#prepared-statement-name-with-pgbouncer
UNPREPARED: Mapping[str, object] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: f"__zenith_{uuid4()}__",
}

# What gives rows or counts them; each of these may stand in a transaction. The rest are utility
# statements, which have neither, and some of which may not (VACUUM, … CONCURRENTLY, CALL).
_QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:select|insert|update|delete|merge|with|values|table|show|explain|execute|fetch)\b",
    re.IGNORECASE | re.DOTALL,
)


def prepare(engine: AsyncEngine) -> None:
    """Keep each statement of autocommit on one connection of the server.

    The driver prepares a statement and then runs it. Outside of a transaction PgBouncer may give
    the second half to another connection, which has never heard of it. So a query gets a
    transaction of its own, and anything else is sent in one piece, by the simple protocol
    (https://www.pgbouncer.org/features.html).

    Args:
        engine: a new engine of asyncpg, with the options of `UNPREPARED`.
    """
    event.listen(engine.sync_engine, "do_execute", _execute)
    event.listen(engine.sync_engine, "do_executemany", _execute_many)


def _execute(cursor: Any, statement: str, parameters: Any, context: ExecutionContext) -> bool:
    if not _at_once(context):
        return False
    if parameters or _QUERY.match(statement):
        _in_transaction(context, lambda: cursor.execute(statement, parameters))
    else:
        _send(context, statement)
    return True


def _execute_many(cursor: Any, statement: str, parameters: Any, context: ExecutionContext) -> bool:
    if not _at_once(context):
        return False
    _in_transaction(context, lambda: cursor.executemany(statement, parameters))
    return True


def _at_once(context: ExecutionContext) -> bool:
    options = context.root_connection.get_execution_options()
    return options.get("isolation_level") == "AUTOCOMMIT"


def _in_transaction(context: ExecutionContext, run: Callable[[], object]) -> None:
    _send(context, "BEGIN")
    try:
        run()
    except BaseException:
        _send(context, "ROLLBACK")
        raise
    _send(context, "COMMIT")


def _send(context: ExecutionContext, statement: str) -> None:
    connection: Any = context.root_connection.connection.dbapi_connection

    def send(driver: Any) -> Awaitable[object]:
        return driver.execute(statement)

    try:
        connection.run_async(send)
    except Exception as error:  # noqa: BLE001 - raised again, as SQLAlchemy's own
        connection._handle_exception(error)
