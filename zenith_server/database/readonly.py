"""Sessions that only read: without transactions where that saves round trips."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Engine, TextClause, event, orm

from zenith_server.database.asking import asking
from zenith_server.database.session import Session
from zenith_server.errors import Fault

_AT_ONCE = {"isolation_level": "AUTOCOMMIT"}
_READS = re.compile(r"\s*(select|with|values|table|show|explain|pragma|describe|\()", re.IGNORECASE)
_WRITES = re.compile(r"\b(insert\s+into|update|delete\s+from|merge\s+into)\b", re.IGNORECASE)


class ReadOnlyError(RuntimeError):
    """A session that only reads was asked to write."""


class _Reading(orm.Session):
    """The synchronous half, which all statements pass, those of `get` and of relationships too."""

    def execute(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        self.look_at(statement)
        return super().execute(statement, *arguments, **options)

    def scalar(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        self.look_at(statement)
        return super().scalar(statement, *arguments, **options)

    def scalars(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        self.look_at(statement)
        return super().scalars(statement, *arguments, **options)

    def look_at(self, statement: Any) -> None:
        """Refuse a statement that writes."""
        if not (statement.is_select or _only_reads(statement)):
            raise ReadOnlyError(str(_written(f"The statement writes: {_start(statement)}")))


class _ReadingAtOnce(_Reading):
    """Each of its statements is its own transaction: nothing is said before and after it."""

    def look_at(self, statement: Any) -> None:
        super().look_at(statement)
        if not self.in_transaction() and isinstance(self.bind, Engine):
            # For one connection here: an engine with this option tells events at each statement.
            self.connection(execution_options=_AT_ONCE)


class ReadOnlySession(Session):
    """A session for reading; writing through it is an error before anything is sent.

    Each statement sees what is committed when it runs: two of them may see different states.

    Example:
        async def get(session = DB.readonly) -> list[ArticleOut]: ...
    """

    @property
    def sync_class(self) -> type[orm.Session]:
        """A PgBouncer might give the second half of a statement to another connection."""
        is_able = self.database.url.backend == "postgresql" and not self.database.options.pgbouncer
        return _ReadingAtOnce if is_able else _Reading

    async def store(self) -> None:
        """Give the connection back; there is nothing to commit, and what would be is refused."""
        if not self.opened:
            return
        try:
            if self.new or self.deleted or self.dirty:
                await self.flush()
        except BaseException:
            await self.undo()
            raise
        await self.close()


@event.listens_for(_Reading, "before_flush", propagate=True)
def _refuse_flush(session: orm.Session, _context: object, _objects: object) -> None:
    changed = [*session.new, *session.deleted, *filter(session.is_modified, session.dirty)]
    if changed:
        names = sorted({type(each).__name__ for each in changed})
        raise ReadOnlyError(str(_written(f"{', '.join(names)} would be written")))


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
