"""Blocks in which a session is open: one that is undone at its end, or committed."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSessionTransaction

from zenith_server.database.current import OPEN
from zenith_server.database.session import Session

if TYPE_CHECKING:
    from zenith_server.database.engines import Database


class Block:
    """The block in which a session of a database is open, and undone at its end.

    Args:
        session: what the block is given.
    """

    __slots__ = ("_before", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session

    async def __aenter__(self) -> Session:
        self._before = before = OPEN.get()
        OPEN.set((self._session, before))
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        OPEN.set(self._before)
        if "sync_session" in self._session.__dict__:
            await self._end(kind)

    async def _end(self, kind: type[BaseException] | None) -> None:
        await self._session.undo()


class Transaction(Block):
    """The same, committed at its end unless an exception ends it; one inside another: a savepoint.

    Inside means: of the same database, in the same task, with no other session of it in between.
    Tasks that run side by side cannot share a connection, so each has a transaction of its own.
    """

    __slots__ = ("_savepoint",)

    async def __aenter__(self) -> Session:
        outer = _enclosing(self._session.database)
        self._savepoint: AsyncSessionTransaction | None = None
        if outer is None:
            self._session.task = asyncio.current_task()
            return await super().__aenter__()
        self._savepoint = await outer.begin_nested()
        return outer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._savepoint is None:
            await super().__aexit__(kind, error, trace)
        else:
            await self._savepoint.__aexit__(kind, error, trace)

    async def _end(self, kind: type[BaseException] | None) -> None:
        await (self._session.store() if kind is None else self._session.undo())


def _enclosing(database: Database) -> Session | None:
    """Return the session of the transaction that a new one is inside of."""
    opened = OPEN.get()
    while opened is not None:
        session, opened = opened
        if session.database is database:
            is_ours = session.task is not None and session.task is asyncio.current_task()
            return session if is_ours else None
    return None
