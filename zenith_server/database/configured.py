"""The database that the settings mean."""

from __future__ import annotations

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.url import DatabaseURL, normalise
from zenith_server.environment import Environment
from zenith_server.errors import Fault, ProjectError
from zenith_server.settings import Settings

EMBEDDED = ("development", "test")
SHARED_CONNECTIONS = 40
"""All workers together stay well below PostgreSQL's default of 100 connections."""


def database_of(settings: Settings) -> Database:
    """Return the project's database; opens nothing.

    Raises:
        ProjectError: as for `database_url`.
    """
    given = settings.database
    size = given.pool_size or max(2, SHARED_CONNECTIONS // settings.server.workers)
    options = PoolOptions(
        size=min(size, 20) if given.pool_size is None else size,
        overflow=given.max_overflow,
        timeout=given.pool_timeout,
        echo=given.echo,
    )
    return Database(database_url(settings), options)


def database_url(settings: Settings) -> DatabaseURL:
    """Return the database's URL: the configured one, or SQLite in the data folder in development.

    Raises:
        ProjectError: the URL is wrong, or none is set where people depend on the data.

    Example:
        >>> database_url(settings).masked
        'sqlite:///data/development.sqlite3'
    """
    raw, origin = settings.database.url, settings.origin("database.url")
    if raw is None:
        name = settings.environment.name
        if name not in EMBEDDED:
            raise ProjectError(_not_set(settings.environment))
        raw, origin = f"sqlite:///data/{name}.sqlite3", f"default of {name}"
    return normalise(raw, root=settings.root, origin=origin)


def _not_set(environment: Environment) -> Fault:
    return Fault(
        "No database is configured",
        (f"environment {environment.name} ({environment.reason})",),
        "The project uses a database; outside development the server does not invent one, because "
        "the data would be gone with the container.",
        (
            "Set DATABASE_URL, for example postgresql://user:password@host:5432/name.",
            "If SQLite is what you want, say so: DATABASE_URL=sqlite:////var/lib/app/data.sqlite3",
            "If this is development, say so: --env development, or ZENITH_ENV=development.",
        ),
    )
