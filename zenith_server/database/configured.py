"""The databases that the settings mean."""

from __future__ import annotations

from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.url import EXAMPLES, DatabaseURL, normalise
from zenith_server.environment import Environment
from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.settings import Database as Section
from zenith_server.settings import Settings

EMBEDDED = ("development", "test")
SHARED_CONNECTIONS = 40
"""All workers together stay well below PostgreSQL's default of 100 connections."""
MOST_CONNECTIONS = 20


def database_of(settings: Settings, name: str = "default") -> Database:
    """Return a database of the project; opens nothing.

    Args:
        settings: the project's settings.
        name: which one: `default`, or a key of `databases`.

    Raises:
        ProjectError: as for `database_url`.
    """
    given = section(settings, name)
    options = pool_options(settings, given)
    where = f"{place(name)}.replicas"
    copies = [normalise(raw, root=settings.root, origin=where) for raw in given.replicas]
    return Database(
        database_url(settings, name),
        options,
        name=name,
        replicas=[Database(url, options, name=name) for url in copies],
    )


def database_at(settings: Settings, url: str) -> Database:
    """Return the default database at another URL than the one in the settings.

    Raises:
        ProjectError: the URL cannot be used.
    """
    parsed = normalise(url, root=settings.root, origin="app.setup_database()")
    return Database(parsed, pool_options(settings, settings.database))


def refuse_unknown(settings: Settings, name: str) -> None:
    """Raise if the project has no database of this name.

    Raises:
        ProjectError: says which there are.
    """
    there = ("default", *settings.databases)
    if name not in there:
        raise ProjectError(
            Fault(
                f'There is no database "{name}".{suggestion(name, there)}',
                (),
                f"The databases are: {', '.join(there)}.",
            )
        )


def section(settings: Settings, name: str) -> Section:
    """Return the settings of one database."""
    return settings.database if name == "default" else settings.databases[name]


def place(name: str) -> str:
    """Return where the settings of one database stand."""
    return "database" if name == "default" else f"databases.{name}"


def pool_options(settings: Settings, given: Section) -> PoolOptions:
    """Return the size of a worker's pool, from the settings or the number of workers."""
    share = max(2, min(MOST_CONNECTIONS, SHARED_CONNECTIONS // settings.server.workers))
    return PoolOptions(
        size=given.pool_size or share,
        overflow=given.max_overflow,
        timeout=given.pool_timeout,
        echo=given.echo,
        pgbouncer=given.pgbouncer,
        processes=0 if given.pool_size or given.pgbouncer else settings.server.workers,
        watched=settings.environment.name == "development",
    )


def database_url(settings: Settings, name: str = "default") -> DatabaseURL:
    """Return the database's URL: the configured one, or SQLite in the data folder in development.

    Args:
        settings: the project's settings.
        name: which database; only the default one has SQLite to fall back on.

    Raises:
        ProjectError: the URL is wrong, or none is set where people depend on the data.

    Example:
        >>> database_url(settings).masked
        'sqlite:///data/development.sqlite3'
    """
    raw, origin = section(settings, name).url, settings.environment.name
    if raw is not None:
        origin = settings.origin(f"{place(name)}.url")
    elif name != "default":
        raise ProjectError(_without_url(name))
    elif origin not in EMBEDDED:
        raise ProjectError(_not_set(settings.environment))
    else:
        raw, origin = f"sqlite:///data/{origin}.sqlite3", f"default of {origin}"
    return normalise(raw, root=settings.root, origin=origin)


def _without_url(name: str) -> Fault:
    return Fault(
        f'The database "{name}" has no URL',
        (f"setting databases.{name}",),
        fixes=(f"Set databases.{name}.url, for example to {EXAMPLES['postgresql']}.",),
    )


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
