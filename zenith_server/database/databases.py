"""The databases of a project, each made when somebody first asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from zenith_server.figures import GAUGE, Family, Sample
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database

DEFAULT = "default"
CONNECTIONS = "database_connections"


class Databases:
    """Makes the project's databases when they are asked for; until then SQLAlchemy is not loaded.

    Args:
        settings: where they are configured: `database`, and `databases` for further ones.

    Example:
        >>> databases = Databases(settings)
        >>> databases.get("analytics") is databases.get("analytics")
        True
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.wanted: list[str] = []
        """Names of those that the app serves with, whether or not a handler asks for them."""
        self._made: dict[str, Database] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all databases; the first is `default`."""
        return (DEFAULT, *self.settings.databases)

    @property
    def used(self) -> tuple[Database, ...]:
        """The databases that somebody asked for."""
        return tuple(self._made.values())

    def get(self, name: str = DEFAULT) -> Database:
        """Return a database.

        Args:
            name: one of `names`.

        Raises:
            ProjectError: its URL is wrong, or none is set where people depend on the data.
        """
        if name not in self._made:
            from zenith_server.database.configured import database_of

            self._made[name] = database_of(self.settings, name)
        return self._made[name]

    def use(self, database: Database) -> None:
        """Take a database that code made, in place of the one in the settings.

        Raises:
            ProjectError: the project has no database of this name.
        """
        from zenith_server.database.configured import refuse_unknown

        refuse_unknown(self.settings, database.name)
        self._made[database.name] = database

    def use_url(self, url: str) -> None:
        """Take a URL that code gives, in place of the one in the settings.

        Raises:
            ProjectError: it cannot be used.
        """
        from zenith_server.database.configured import database_at

        self.use(database_at(self.settings, url))

    async def alive(self, name: str = DEFAULT) -> str:
        """Ask a database for a sign of life, and return its kind."""
        from sqlalchemy import text

        database = self.get(name)
        async with database.session("readonly") as session:
            await session.execute(text("SELECT 1"))
        return database.url.backend

    def described(self, name: str = DEFAULT) -> str:
        """Return the row of the banner: where a database is, how many connections it may get."""
        from zenith_server.database.pool import described

        return described(self.get(name), self.settings.server.workers)

    def figures(self) -> list[Family]:
        """Return how many connections this process has and may have, of each database in use."""
        open_now: list[Sample] = []
        most: list[Sample] = []
        for database in self.used:
            for pool in database.pools:
                name, used = {"database": database.name}, pool.checkedout()
                idle = {**name, "state": "idle"}
                open_now.append(Sample(CONNECTIONS, {**name, "state": "used"}, used))
                open_now.append(Sample(CONNECTIONS, idle, pool.checkedin()))
                most.append(Sample(f"{CONNECTIONS}_max", name, pool.most))
        return [
            Family(CONNECTIONS, GAUGE, "Connections in the pool.", open_now),
            Family(f"{CONNECTIONS}_max", GAUGE, "Connections that may be open.", most),
        ]

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Dispose the engines of the running event loop on leaving."""
        try:
            yield
        finally:
            for database in self.used:
                await database.close()
