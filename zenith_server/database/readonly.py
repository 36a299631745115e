"""Sessions that only read: without transactions where that saves round trips."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import TextClause, event, orm
from sqlalchemy.orm import ORMExecuteState

from zenith_server.database.asking import asking
from zenith_server.database.session import Session
from zenith_server.errors import Fault

_READS = re.compile(r"\s*(select|with|values|table|show|explain|pragma|describe|\()", re.IGNORECASE)
_WRITES = re.compile(r"\b(insert\s+into|update|delete\s+from|merge\s+into)\b", re.IGNORECASE)


class ReadOnlyError(RuntimeError):
    """A session that only reads was asked to write."""


class _Reading(orm.Session):
    """The synchronous half, which sees every statement."""


class ReadOnlySession(Session):
    """A session for reading; writing through it is an error before anything is sent.

    Each statement sees what is committed when it runs: two of them may see different states.

    Example:
        async def get(session = DB.readonly) -> list[ArticleOut]: ...
    """

    sync_session_class = _Reading


@event.listens_for(_Reading, "before_flush")
def _refuse_flush(session: orm.Session, _context: object, _objects: object) -> None:
    changed = [*session.new, *session.deleted, *filter(session.is_modified, session.dirty)]
    if changed:
        names = sorted({type(each).__name__ for each in changed})
        raise ReadOnlyError(str(_written(f"{', '.join(names)} would be written")))


@event.listens_for(_Reading, "do_orm_execute")
def _refuse_statement(state: ORMExecuteState) -> None:
    if not (state.is_select or _only_reads(state.statement)):
        raise ReadOnlyError(str(_written(f"The statement writes: {_start(state.statement)}")))


def _only_reads(statement: Any) -> bool:
    if not isinstance(statement, TextClause):
        return not (statement.is_dml or statement.is_ddl)
    text = statement.text
    return _READS.match(text) is not None and not _WRITES.search(text)


def _start(statement: Any) -> str:
    first = str(statement).strip().partition("\n")[0]
    return first if len(first) <= 80 else f"{first[:79]}…"


def _written(what: str) -> Fault:
    where = asking()
    return Fault(
        what,
        (where,) if where else (),
        "The session is DB.readonly: it has no transaction that could be committed or undone.",
        ("Take session = DB in the handler.",),
    )
