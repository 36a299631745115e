"""The migrations of one database: their state, and what changes it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from zenith_server.database.engines import Database
from zenith_server.database.migrations import (
    environment,
    faults,
    revisions,
    state,
    targets,
    writing,
)
from zenith_server.database.migrations.difference import Difference, difference
from zenith_server.database.migrations.environment import Progress
from zenith_server.database.migrations.lock import hold
from zenith_server.database.migrations.patience import STATEMENT_WAIT
from zenith_server.database.migrations.review import Finding, declared, review
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.migrations.running import Runner
from zenith_server.database.migrations.state import MigrationRun, MigrationState, NewRevision
from zenith_server.database.unreachable import connect
from zenith_server.errors import Fault, ProjectError

LOCK_TIMEOUT = 300.0
"""Seconds to wait for another process that migrates the same database."""

_log = logging.getLogger("zenith_server.migrations")


class Migrations:
    """The revisions in a folder, and the database that they change.

    Args:
        database: the database.
        folder: the revisions; need not exist.
        metadata: the tables that the models declare; only what compares looks at them.
        statement_wait: seconds that a statement waits for a lock on PostgreSQL before it lets
            others pass and is tried again; 0 lets it wait without end.

    Example:
        migrations = Migrations(database, project / "migrations")
        run = await migrations.upgrade()
        print(run.state.summary)
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        metadata: Sequence[MetaData] = (),
        *,
        statement_wait: float = STATEMENT_WAIT,
    ) -> None:
        self.database: Database = database
        self.folder: Path = folder
        self.metadata: Sequence[MetaData] = metadata
        self.statement_wait: float = statement_wait
        self._versions: str = environment.version_table(database.name)

    def history(self) -> tuple[Revision, ...]:
        """Return the revisions, oldest first, without asking the database.

        Raises:
            ProjectError: files that are no revisions, or two that follow the same one.
        """
        found = revisions.read(self.folder, self.database.url.backend)
        heads = revisions.heads(found)
        if len(heads) > 1:
            raise ProjectError(faults.fork(heads))
        return found

    def after(self, target: str) -> tuple[Revision, ...]:
        """Return the revisions that come after one, oldest first.

        Args:
            target: `base`, or a revision's id or file name.

        Raises:
            ProjectError: there is no such revision.
        """
        known = self.history()
        before = revisions.ancestors(known, [targets.resolve(target, known, "base")])
        return tuple(revision for revision in known if revision.id not in before)

    async def status(self) -> MigrationState:
        """Return where the database stands; runs no revision.

        Raises:
            ProjectError: the revisions are faulty, or the database cannot be reached.
        """
        known = self.history()
        if not known:
            return MigrationState()
        async with connect(self.database.reader(), self.database.url) as connection:
            return await self._state(connection, known)

    async def upgrade(self, target: str = "head", *, wait: float = LOCK_TIMEOUT) -> MigrationRun:
        """Apply what is pending, each revision in its own transaction, one process at a time.

        A database that is ahead of this code is left as it is, with a warning in the log; one that
        was left behind by a squash is refused.

        Args:
            target: `head`, a revision's id or file name, or a number of steps such as `+1`.
            wait: seconds to wait for another process that migrates the same database, and then for
                the locks of a revision.

        Raises:
            ProjectError: a revision failed; the earlier ones are kept. Or the database cannot be
                reached, the target does not exist, or the lock was not free in time.
        """
        known = self.history()
        wanted = targets.resolve(target, known, r"head|\+[1-9]\d*")
        found = await self.status()
        if found.state != "pending":
            return self._nothing_to_do(found)
        async with hold(self.database, wait) as connection:
            # Another process may have done all of it while this one waited.
            found = await self._state(connection, known)
            if found.state != "pending":
                return self._nothing_to_do(found)
            targets.refuse_too_many(wanted, found.pending, "apply")
            ran = await self._runner(connection, known, wait).run("upgrade", wanted)
            return MigrationRun(ran, await self._state(connection, known))

    async def downgrade(self, target: str, *, wait: float = LOCK_TIMEOUT) -> MigrationRun:
        """Undo revisions down to a target, newest first.

        Args:
            target: `base`, a revision's id or file name, or a number of steps such as `-1`.
            wait: seconds to wait for another process that migrates the same database, and then for
                the locks of a revision.

        Raises:
            ProjectError: as `upgrade`; also when the database is ahead of this code.
        """
        known = self.history()
        wanted = targets.resolve(target, known, r"base|-[1-9]\d*")
        async with hold(self.database, wait) as connection:
            found = await self._state(connection, known)
            if found.unknown:
                raise ProjectError(faults.elsewhere(found, self.database.url, self.folder))
            targets.refuse_too_many(wanted, found.applied, "undo")
            targets.refuse_unapplied(wanted, found)
            ran = await self._runner(connection, known, wait).run("downgrade", wanted)
            return MigrationRun(ran, await self._state(connection, known))

    async def review(
        self, asked: Sequence[Revision], *, dialect: str | None = None
    ) -> tuple[Finding, ...]:
        """Tell which revisions would stop the traffic or break the version that runs.

        Their `upgrade()` is run where nothing is executed: the database is not asked.

        Args:
            asked: the revisions, in the order in which they will run.
            dialect: the database that is judged instead of this one, such as `postgresql`.

        Raises:
            ProjectError: a revision cannot be imported.
        """
        try:
            async with environment.alone():
                modules = environment.modules(self.folder, self.database.url.backend)
                return review(
                    modules, asked, dialect or self.database.url.backend, declared(self.metadata)
                )
        except Exception as error:
            fault = faults.failed(error, self.history(), Progress(), self.database.url)
            raise ProjectError(fault) from error

    async def difference(self) -> Difference:
        """Return what the models say and the database does not have.

        Raises:
            ProjectError: the database cannot be reached.
        """
        async with connect(self.database.reader(), self.database.url) as connection:
            return await connection.run_sync(difference, self.metadata, self._versions)

    async def make(
        self,
        message: str,
        *,
        allow_drops: bool = False,
        empty: bool = False,
        broken: Sequence[Fault] = (),
    ) -> NewRevision:
        """Write the next revision: what the models say and the database does not have yet.

        Args:
            message: what the revision does, in a few words; it becomes the file's name.
            allow_drops: also drop tables and columns that no model declares.
            empty: write a revision without statements, to be filled by hand.
            broken: what was wrong with model files; they would be taken for dropped tables.

        Returns:
            The new file and its changes; no file when there is nothing to do.

        Raises:
            ProjectError: the database is behind or ahead, a model file is broken, or data would
                be lost.
        """
        if broken and not empty:
            raise ProjectError(faults.unloaded(tuple(broken)), *broken)
        _refuse_nameless(message)
        found = await self.status()
        targets.refuse_unless_current(found, self.database.url, self.folder)
        change = None if empty else await self.difference()
        if change is not None and not change.changes:
            return NewRevision(None)
        if change is not None and change.drops and not allow_drops:
            raise ProjectError(faults.dropping(change.drops))
        return self._write(message, change, self.history())

    def merge(self, message: str = "merge") -> NewRevision:
        """Write a revision that follows all heads; no file when there is one head only.

        Args:
            message: what was merged, in a few words; it becomes the file's name.

        Raises:
            ProjectError: files that are no revisions.
        """
        _refuse_nameless(message)
        known = revisions.read(self.folder, self.database.url.backend)
        if len(revisions.heads(known)) < 2:
            return NewRevision(None)
        return self._write(message, None, known)

    async def script(self, target: str = "head", *, since: str = "base") -> str:
        """Return pending revisions as a script in SQL, without asking the database.

        Args:
            target: `head`, or a revision's id or file name.
            since: where the database stands: `base`, or a revision's id or file name.

        Raises:
            ProjectError: there is no such revision, or one that has to look at the database.
        """
        known, progress = self.history(), Progress()
        start, end = targets.resolve(since, known, "base"), targets.resolve(target, known, "head")
        url = self.database.url
        try:
            async with environment.alone():
                return environment.written(self.folder, self._versions, url, start, end, progress)
        except Exception as error:
            raise ProjectError(faults.unwritten(error, known, progress)) from error

    def _write(
        self, message: str, change: Difference | None, known: tuple[Revision, ...]
    ) -> NewRevision:
        down = tuple(head.id for head in revisions.heads(known))
        number = revisions.next_number(known)
        content = writing.revision_text(number, down, message, change)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{number}_{writing.slug(message)}.py"
        with file.open("x", encoding="utf-8") as opened:
            opened.write(content)
        return NewRevision(file, change.changes if change else ())

    async def _state(
        self, connection: AsyncConnection, known: tuple[Revision, ...]
    ) -> MigrationState:
        current = await connection.run_sync(environment.current_heads, self._versions)
        await connection.rollback()
        return state.compare(known, current)

    def _nothing_to_do(self, found: MigrationState) -> MigrationRun:
        if found.squashed:
            raise ProjectError(faults.elsewhere(found, self.database.url, self.folder))
        if found.unknown:
            _log.warning("%s", faults.ahead(found, self.database.url, self.folder))
        return MigrationRun((), found)

    def _runner(
        self, connection: AsyncConnection, known: tuple[Revision, ...], wait: float
    ) -> Runner:
        url, folder, versions = self.database.url, self.folder, self._versions
        return Runner(connection, url, folder, versions, known, self.statement_wait, wait)


def _refuse_nameless(message: str) -> None:
    if not writing.slug(message):
        raise ProjectError(Fault("The message of a revision needs a letter or a digit"))
