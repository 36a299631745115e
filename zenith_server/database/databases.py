"""The databases of a project, each made when somebody first asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database


class Databases:
    """Makes the project's database when it is asked for; until then SQLAlchemy is not loaded.

    Args:
        settings: where the database is configured.

    Example:
        >>> databases = Databases(settings)
        >>> databases.get() is databases.get()
        True
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._made: list[Database] = []

    @property
    def used(self) -> tuple[Database, ...]:
        """The databases that somebody asked for."""
        return tuple(self._made)

    def get(self) -> Database:
        """Return the database.

        Raises:
            ProjectError: its URL is wrong, or none is set where people depend on the data.
        """
        if not self._made:
            from zenith_server.database.configured import database_of

            self._made.append(database_of(self.settings))
        return self._made[0]

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Dispose the engines of the running event loop on leaving."""
        try:
            yield
        finally:
            for database in self._made:
                await database.close()
