"""`models/` and `session = DB`: a session for each request, committed before its response."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zenith_server.draft import Draft
from zenith_server.manifest import Convention
from zenith_server.plugin import Plugin
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database as Engines
    from zenith_server.database.session import Session

READING = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})


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
        source = Source(draft.settings)
        draft.provide(
            "zenith_server.database.session.Session",
            "sqlalchemy.ext.asyncio.session.AsyncSession",
            make=source.sessions,
            marker="session",
            is_context=True,
        )
        draft.provide("zenith_server.database.engines.Database", make=lambda: source.get, per="app")
        draft.lifespan("database", source.running)
        draft.on_error("sqlalchemy.exc.SQLAlchemyError", _refused)
        draft.on_error(ConnectionError, _refused)
        if models or draft.settings.database.url:
            source.get()
            draft.check("database", source.check)
            draft.fact("database", lambda: source.get().url.masked)


class Source:
    """The project's database, made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_used = False

    @functools.cached_property
    def _database(self) -> Engines:
        from zenith_server.database.configured import database_of

        return database_of(self.settings)

    def get(self) -> Engines:
        """Return the database."""
        self.is_used = True
        return self._database

    def sessions(self) -> Callable[..., Any]:
        """Return what opens the session of a request."""
        from zenith_server.database.session import Session

        database = self.get()

        def session(scope: Any) -> Unit:
            return Unit(Session(database, writes=scope.get("method") not in READING))

        return session

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Dispose the engine when the app stops."""
        if not self.is_used:
            yield
            return
        async with self.get().lifespan():
            yield

    async def check(self) -> str:
        """Ask the database for a sign of life."""
        from sqlalchemy import text

        async with self.get().session(writes=False) as session:
            await session.execute(text("SELECT 1"))
        return self.get().url.backend


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


async def _refused(error: Exception, scope: Any) -> Any:
    raise error
