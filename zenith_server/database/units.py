"""A request's work with a database: all of it, or nothing; SQLAlchemy is loaded at the first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zenith_server.database.databases import Databases
from zenith_server.protocol import Scope

if TYPE_CHECKING:
    from zenith_server.database.session import Mode, Session

READING = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
STRICT: tuple[Mode, ...] = ("read committed", "repeatable read", "serializable")
WROTE = "zenith.wrote"
"""The key of a list in the scope that is filled once something was written."""
COOKIE = b"zenith_wrote=1"
"""What a client says that has just written."""


class Unit:
    """One request's work with the database: all of it, or nothing."""

    __slots__ = ("scope", "session")

    def __init__(self, session: Session, scope: Scope) -> None:
        self.session = session
        self.scope = scope

    async def __aenter__(self) -> Session:
        return self.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.session.opened:
            await (self.session.store() if error is None else self.session.undo())


class WritingUnit(Unit):
    """The same, and the response tells the client's next requests of what it wrote."""

    __slots__ = ()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        wrote = self.scope.get(WROTE)
        is_write = self.session.opened and self.scope.get("method") not in READING
        if error is None and wrote is not None and is_write:
            wrote.append(True)


class UnitOfModels(WritingUnit):
    """The same, and models on `Model` use its session."""

    __slots__ = ("_before",)

    async def __aenter__(self) -> Session:
        from zenith_server.database.current import OPEN

        self._before = OPEN.get()
        OPEN.set((self.session, self._before))
        return self.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from zenith_server.database.current import OPEN

        OPEN.set(self._before)
        await super().__aexit__(kind, error, trace)


def sessions(databases: Databases, name: str) -> Callable[..., Unit]:
    """Return what opens the session of a request."""
    from zenith_server.database.session import Session

    database, unit = databases.get(name), _unit(databases, name)

    def session(scope: Any) -> Unit:
        return unit(Session(database, "read" if scope.get("method") in READING else "write"), scope)

    return session


def readers(databases: Databases, name: str) -> Callable[..., Unit]:
    """Return what opens a session that only reads, of a replica where there is one."""
    from zenith_server.database.readonly import ReadOnlySession

    database, unit = databases.get(name), _unit(databases, name)

    def reader(scope: Any) -> Unit:
        source = database
        if database.replicas and not has_just_written(scope):
            source = database.reading()
        return unit(ReadOnlySession(source, "readonly"), scope)

    return reader


def strict(mode: Mode) -> Callable[[Databases, str], Callable[..., Unit]]:
    """Return what opens a session whose transactions have an isolation level."""

    def make(databases: Databases, name: str) -> Callable[..., Unit]:
        from zenith_server.database.session import Session

        database, unit = databases.get(name), _unit(databases, name)

        def session(scope: Any) -> Unit:
            return unit(Session(database, mode), scope)

        return session

    return make


def _unit(databases: Databases, name: str) -> type[Unit]:
    """Nobody pays for telling models which session is theirs unless there are such models."""
    if "zenith_server.database.model" in sys.modules:
        return UnitOfModels
    return WritingUnit if databases.get(name).replicas else Unit


def has_just_written(scope: Scope) -> bool:
    """Tell whether a request says that its client wrote a moment ago."""
    return any(name == b"cookie" and COOKIE in value for name, value in scope["headers"])


MAKERS: Mapping[str, Callable[[Databases, str], Callable[..., Unit]]] = {
    "": sessions,
    "readonly": readers,
    **{mode: strict(mode) for mode in STRICT},
}
"""What opens the sessions of a database, by the kind of its transactions."""
