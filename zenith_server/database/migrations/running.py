"""Revisions are run: with patience for locks, and with an explanation of what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from zenith_server.database.migrations import environment, faults, patience, targets
from zenith_server.database.migrations.environment import Direction, Progress
from zenith_server.database.migrations.following import Following
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.url import DatabaseURL
from zenith_server.errors import Fault, ProjectError


@dataclass(frozen=True, slots=True)
class Runner:
    """What revisions are run with.

    Args:
        connection: the connection that holds the migration lock.
        url: its database.
        folder: the revisions.
        versions: the table that keeps which of them are applied.
        known: the same, read.
        statement_wait: seconds that a statement waits for a lock on PostgreSQL.
        wait: seconds until a revision that does not get its lock fails.
    """

    connection: AsyncConnection
    url: DatabaseURL
    folder: Path
    versions: str
    known: tuple[Revision, ...]
    statement_wait: float
    wait: float

    async def run(self, direction: Direction, target: str) -> tuple[Revision, ...]:
        """Run revisions up or down to a target, and return those that ran.

        Args:
            direction: whether to apply or to undo.
            target: `head`, `base`, a revision's id, or a number of steps such as `-1`.

        Raises:
            ProjectError: one of them failed; those before it are kept.
        """
        names = {revision.id: revision.name for revision in self.known}
        progress = Progress()
        following = Following(progress, names, direction)
        progress.told = following.tell

        async def attempt() -> None:
            left = targets.remaining(target, len(progress.done))
            async with environment.alone(), environment.without_foreign_keys(self.connection):
                await self.connection.run_sync(self._apply, direction, left, progress)

        try:
            async with following.running():
                await patience.retried(attempt, self.wait, progress)
        except Exception as error:
            raise ProjectError(await self._fault(error, progress)) from error
        named = {revision.id: revision for revision in self.known}
        return tuple(named[key] for key in progress.done)

    def _apply(
        self, connection: Connection, direction: Direction, target: str, progress: Progress
    ) -> None:
        with patience.limited(connection, self.statement_wait, progress):
            environment.run(connection, self.folder, self.versions, direction, target, progress)

    async def _fault(self, error: Exception, progress: Progress) -> Fault:
        fault = faults.failed(error, self.known, progress, self.url)
        if not patience.is_lock_timeout(error):
            return fault
        others = await patience.oldest_transactions(self.connection)
        return faults.locked(fault, self.statement_wait, others)
