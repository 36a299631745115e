"""What is done and asked at a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenith_server.errors import Fault, ProjectError
from zenith_server.plugins.migrations.project import revisions_of, told_for
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.databases import Databases
    from zenith_server.database.migrations import Finding, MigrationState
    from zenith_server.database.migrations import Migrations as Revisions


class Start:
    """What is done and asked at a start, with the database that the app uses too.

    Args:
        settings: the project's settings.
        databases: those of the app; asked late, since code may say where they are.
        name: which one.
    """

    def __init__(self, settings: Settings, databases: Databases, name: str) -> None:
        self.settings = settings
        self.databases = databases
        self.name = name
        self.is_current = False

    async def prepare(self) -> str:
        """Migrate, or refuse to serve what is not migrated; return the row of the banner."""
        database = self.databases.get(self.name)
        revisions = revisions_of(self.settings, database)
        with told_for(self.name):
            async with database.lifespan():
                return await self._prepared(revisions)

    async def _prepared(self, revisions: Revisions) -> str:
        if self.settings.migrations.on_start == "check":
            state = await revisions.status()
            if state.pending:
                raise ProjectError(_pending(state))
            if state.squashed:
                await revisions.upgrade()  # it says why there is no way on
            return state.summary
        await refuse_dangers(revisions, self.settings)
        run = await revisions.upgrade(wait=self.settings.migrations.lock_timeout)
        return f"{run.state.summary}, {len(run.ran)} now" if run.ran else run.state.summary

    async def check(self) -> str:
        """Say that the database has all migrations; once it has them, it is not asked again."""
        if not self.is_current:
            database = self.databases.get(self.name)
            state = await revisions_of(self.settings, database).status()
            if state.pending or state.squashed:
                raise RuntimeError(state.summary)
            self.is_current = True
        return "up to date"


async def refuse_dangers(revisions: Revisions, settings: Settings) -> None:
    """Refuse in production what would stop the traffic or break the version that runs.

    Raises:
        ProjectError: such revisions are pending, and do not say why they are safe.
    """
    from zenith_server.database.migrations import dangers

    if settings.environment.name != "production":
        return
    state = await revisions.status()
    # A database without any revision has no traffic yet.
    found = dangers(await revisions.review(state.pending)) if state.applied else ()
    if found:
        raise ProjectError(_refused(found), *(finding.fault for finding in found))


def _refused(found: tuple[Finding, ...]) -> Fault:
    return Fault(
        f"Production refuses pending migrations: {len(found)} of their changes are dangerous",
        tuple(dict.fromkeys(place for finding in found for place in finding.fault.where)),
        "They would stop the traffic or break the version that still runs. Nothing was changed.",
        ("Do each as its safe recipe says; they follow.",),
    )


def _pending(state: MigrationState) -> Fault:
    return Fault(
        f"The database lacks {len(state.pending)} of the migrations",
        tuple(revision.place for revision in state.pending),
        "The setting migrations.on_start is check: a start applies none, and serves nothing that "
        "is not migrated.",
        ("Apply them first: zenith-server db upgrade", "Or set migrations.on_start to auto."),
    )
