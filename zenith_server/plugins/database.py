"""`models/` and `session = DB`: a session for each request, committed before its response."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from zenith_server.database.databases import DEFAULT, Databases
from zenith_server.database.units import COOKIE, MAKERS, WROTE, ends
from zenith_server.draft import Draft
from zenith_server.manifest import Convention
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope
from zenith_server.settings import Settings

ERRORS = (
    "sqlalchemy.exc.SQLAlchemyError",
    "asyncpg.exceptions._base.InterfaceError",
    "asyncpg.exceptions._base.PostgresError",
    ConnectionError,
    OverflowError,
    UnicodeEncodeError,
)
TYPES = (
    "zenith_server.database.session.Session",
    "sqlalchemy.ext.asyncio.session.AsyncSession",
)


class Database(Plugin):
    """Imports the models, and provides sessions; SQLAlchemy is loaded only if somebody asks."""

    name = "database"
    after = ("routes",)

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `models/`."""
        return (Convention("model", "models", meaning="SQLAlchemy models"),)

    def setup(self, draft: Draft) -> None:
        """Add the providers, the lifespan and the checks."""
        models = list(draft.modules("model"))
        databases = Databases(draft.settings)
        _provide(draft, databases)
        draft.lifespan("database", databases.lifespan)
        draft.measure(databases.figures)
        for exception in ERRORS:
            draft.on_error(exception, _answering(databases, settings=draft.settings))
        used = databases.names if models or draft.settings.database.url else databases.names[1:]
        for name in used:
            label = "database" if name == DEFAULT else f"database {name}"
            databases.wanted.append(name)
            draft.check(label, partial(databases.alive, name))
            draft.fact(label, partial(databases.described, name))
        if any(section.replicas for section in _sections(draft)):
            reply = _read_own_writes(draft.settings.database.replica_delay)
            draft.hook("replicas", start=_not_yet, reply=reply)


def _sections(draft: Draft) -> Iterable[Any]:
    return (draft.settings.database, *draft.settings.databases.values())


def _provide(draft: Draft, databases: Databases) -> None:
    everything = "zenith_server.database.databases.Databases"
    draft.provide(everything, make=lambda: lambda: databases, per="app")
    engines = "zenith_server.database.engines.Database"
    draft.provide(engines, make=lambda: databases.get, per="app")
    for name in databases.names:
        types = TYPES if name == DEFAULT else ()
        for mode, maker in MAKERS.items():
            draft.provide(
                *(() if mode else types),
                make=partial(maker, databases, name),
                marker=f"session:{name}:{mode}",
                end=partial(ends, databases, name),
            )


def _read_own_writes(delay: float) -> Callable[[Scope, Message, Headers], None]:
    """Let a client that wrote read from the database itself, until the replicas know of it.

    The cookie is not signed: all it can ask for is what everybody gets without replicas.
    """
    cookie = COOKIE + b"; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax" % max(1, round(delay))

    def reply(scope: Scope, _: Message, headers: Headers) -> None:
        if scope.get(WROTE):
            headers.append((b"set-cookie", cookie))

    return reply


def _not_yet(scope: Scope) -> None:
    # A list, because layers copy the scope and all copies must see what is noted.
    scope[WROTE] = []


def _answering(databases: Databases, settings: Settings) -> Callable[[Exception], Any]:
    """Return what tells a client what it can do; our own bugs are answered like any other."""
    is_open = settings.environment.name == "development"

    async def answer(error: Exception) -> None:
        from zenith_server.database.problems import problem

        found = problem(error, databases.used)
        if found is None:
            raise error
        if not is_open:
            found.detail = found.public
        raise found from error

    return answer
