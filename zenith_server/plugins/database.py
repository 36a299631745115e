"""`models/` and `session = DB`: a session for each request, committed before its response."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zenith_server.database.databases import Databases
from zenith_server.draft import Draft
from zenith_server.manifest import Convention
from zenith_server.plugin import Plugin

if TYPE_CHECKING:
    from zenith_server.database.engines import Database as Engines
    from zenith_server.database.session import Session

READING = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})

ERRORS = (
    "sqlalchemy.exc.SQLAlchemyError",
    ConnectionError,
    OverflowError,
    UnicodeEncodeError,
)


class Database(Plugin):
    """Imports the models, and provides sessions; SQLAlchemy is loaded only if somebody asks."""

    name = "database"
    after = ("routes",)

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `models/`."""
        return (Convention("model", "models", meaning="SQLAlchemy models"),)

    def setup(self, draft: Draft) -> None:
        """Add the providers, the lifespan and the check."""
        models = list(draft.modules("model"))
        databases = Databases(draft.settings)
        draft.provide(
            "zenith_server.database.session.Session",
            "sqlalchemy.ext.asyncio.session.AsyncSession",
            make=lambda: _sessions(databases.get()),
            marker="session",
            is_context=True,
        )
        engines = "zenith_server.database.engines.Database"
        draft.provide(engines, make=lambda: databases.get, per="app")
        everything = "zenith_server.database.databases.Databases"
        draft.provide(everything, make=lambda: lambda: databases, per="app")
        draft.lifespan("database", databases.lifespan)
        for exception in ERRORS:
            draft.on_error(exception, _answer)
        if models or draft.settings.database.url:
            draft.check("database", partial(_alive, databases.get()))
            draft.fact("database", lambda: databases.get().url.masked)


def _sessions(database: Engines) -> Callable[..., Unit]:
    """Return what opens the session of a request."""
    from zenith_server.database.session import Session

    # Nobody pays for telling models which session is theirs unless there are such models.
    unit = UnitOfModels if "zenith_server.database.model" in sys.modules else Unit

    def session(scope: Any) -> Unit:
        return unit(Session(database, writes=scope.get("method") not in READING))

    return session


async def _alive(database: Engines) -> str:
    """Ask the database for a sign of life."""
    from sqlalchemy import text

    async with database.session(writes=False) as session:
        await session.execute(text("SELECT 1"))
    return database.url.backend


class Unit:
    """One request's work with the database: all of it, or nothing."""

    __slots__ = ("session",)

    def __init__(self, session: Session) -> None:
        self.session = session

    async def __aenter__(self) -> Session:
        return self.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.session.opened:
            from zenith_server.database.session import commit, rollback

            await (commit if error is None else rollback)(self.session)


class UnitOfModels(Unit):
    """The same, and models on `Model` use its session."""

    __slots__ = ("_use",)

    async def __aenter__(self) -> Session:
        from zenith_server.database.current import using

        self._use = using(self.session)
        self._use.__enter__()
        return self.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._use.__exit__(kind, error, trace)
        await super().__aexit__(kind, error, trace)


async def _answer(error: Exception) -> None:
    """Tell the client what it can do about it; our own bugs are answered like any other."""
    from zenith_server.database.problems import problem

    raise problem(error) or error
