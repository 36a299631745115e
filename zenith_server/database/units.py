"""The sessions of requests: all of a request's work is kept, or nothing of it.

SQLAlchemy is loaded at the first.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
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

Make = Callable[[Any], "Session"]
End = Callable[["Session", Scope, BaseException | None], Awaitable[None] | None]


def sessions(databases: Databases, name: str) -> Make:
    """Return what makes the session of a request."""
    from zenith_server.database.session import Session

    database = databases.get(name)

    def session(scope: Any) -> Any:
        return Session(database, "read" if scope.get("method") in READING else "write")

    return _known_to_models(session)


def readers(databases: Databases, name: str) -> Make:
    """Return what makes a session that only reads, of a replica where there is one."""
    from zenith_server.database.readonly import ReadOnlySession

    database = databases.get(name)

    def reader(scope: Any) -> Any:
        source = database
        if database.replicas and not has_just_written(scope):
            source = database.reading()
        return ReadOnlySession(source, "readonly")

    return _known_to_models(reader)


def strict(mode: Mode) -> Callable[[Databases, str], Make]:
    """Return what makes a session whose transactions have an isolation level."""

    def make(databases: Databases, name: str) -> Make:
        from zenith_server.database.session import Session

        database = databases.get(name)

        def session(scope: Any) -> Any:  # noqa: ARG001 - as its siblings
            return Session(database, mode)

        return _known_to_models(session)

    return make


def ends(databases: Databases, name: str) -> End:
    """Return what ends a request's session: commits, or undoes; nothing to do for an unused one."""
    ending = _telling if databases.get(name).replicas else _end
    return _forgotten_by_models(ending) if _has_models() else ending


def _end(session: Session, _scope: Scope, error: BaseException | None) -> Awaitable[None] | None:
    if "sync_session" not in session.__dict__:  # as `opened`, which would be a call
        return None
    return session.store() if error is None else session.undo()


def _telling(session: Session, scope: Scope, error: BaseException | None) -> Awaitable[None] | None:
    """The same, and the response tells the client's next requests of what it wrote."""
    is_write = session.opened and scope.get("method") not in READING
    if error is None and is_write and WROTE in scope:
        return _told(session, scope[WROTE])
    return _end(session, scope, error)


async def _told(session: Session, wrote: list[bool]) -> None:
    await session.store()
    wrote.append(True)


def _has_models() -> bool:
    """Nobody pays for telling models which session is theirs unless there are such models."""
    return "zenith_server.database.model" in sys.modules


def _known_to_models(make: Make) -> Make:
    """Let models on `Model` use the session of the request."""
    if not _has_models():
        return make
    from zenith_server.database.current import OPEN

    def session(scope: Any) -> Any:
        made = make(scope)
        OPEN.set((made, OPEN.get()))
        return made

    return session


def _forgotten_by_models(end: End) -> End:
    from zenith_server.database.current import OPEN

    def ending(
        session: Session, scope: Scope, error: BaseException | None
    ) -> Awaitable[None] | None:
        opened = OPEN.get()
        while opened is not None and opened[0] is not session:
            opened = opened[1]
        OPEN.set(opened[1] if opened is not None else None)
        return end(session, scope, error)

    return ending


def has_just_written(scope: Scope) -> bool:
    """Tell whether a request says that its client wrote a moment ago."""
    return any(name == b"cookie" and COOKIE in value for name, value in scope["headers"])


MAKERS: Mapping[str, Callable[[Databases, str], Make]] = {
    "": sessions,
    "readonly": readers,
    **{mode: strict(mode) for mode in STRICT},
}
"""What makes the sessions of a database, by the kind of its transactions."""
