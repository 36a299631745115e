"""`migrations/`: the database follows the models before anything is served, and by command."""

from __future__ import annotations

import json as json_text
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention, Manifest
from zenith_server.plugin import Command, Plugin
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database
    from zenith_server.database.migrations import MigrationRun, MigrationState
    from zenith_server.database.migrations import Migrations as Revisions

FOLDER = "migrations"
_DATABASE = "zenith_server.database.engines.Database"


class Migrations(Plugin):
    """Make, run and undo migrations of the database."""

    name = "migrations"
    after = ("database",)

    def conventions(self) -> Iterable[Convention]:
        """Return the files in `migrations/`."""
        return (Convention("migration", FOLDER, deep=False, meaning="changes of the database"),)

    def setup(self, draft: Draft) -> None:
        """Add the step before serving, and the check."""
        if not draft.files("migration"):
            if draft.files("model"):
                draft.fact("migrations", lambda: "none yet: zenith-server db make MESSAGE")
            return
        if draft.settings.migrations.on_start == "off":
            draft.fact("migrations", lambda: "not looked at: migrations.on_start is off")
            return
        start = _Start(draft.settings, draft.shared(_DATABASE))
        draft.prepare("migrations", start.prepare)
        draft.check("migrations", start.check)

    def commands(self) -> Iterable[Command]:
        """Return the commands of the group `db`."""
        return (
            Command("db make", make),
            Command("db upgrade", upgrade),
            Command("db downgrade", downgrade),
            Command("db status", status),
            Command("db history", history),
        )


class _Start:
    """What is done and asked at a start, with the database that the app uses too."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.is_current = False

    async def prepare(self) -> str:
        """Migrate, or refuse to serve what is not migrated; return the row of the banner."""
        revisions = _revisions(self.settings, self.database)
        async with self.database.lifespan():
            if self.settings.migrations.on_start == "check":
                state = await revisions.status()
                if state.pending:
                    raise ProjectError(_pending(state))
                return state.summary
            run = await revisions.upgrade(wait=self.settings.migrations.lock_timeout)
            return f"{run.state.summary}, {len(run.ran)} now" if run.ran else run.state.summary

    async def check(self) -> str:
        """Say that the database has all migrations; once it has them, it is not asked again."""
        if not self.is_current:
            state = await _revisions(self.settings, self.database).status()
            if state.pending:
                raise RuntimeError(state.summary)
            self.is_current = True
        return "up to date"


def _revisions(settings: Settings, database: Database) -> Revisions:
    from zenith_server.database.migrations import Migrations as Revisions

    return Revisions(database, settings.root / FOLDER)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[Revisions]:
    """The migrations of the project for one command."""
    from zenith_server.database.configured import database_of

    async with database_of(settings).lifespan() as database:
        yield _revisions(settings, database)


# --- commands ---


async def make(
    message: str,
    *,
    allow_drops: bool = False,
    empty: bool = False,
    settings: Settings,
    manifest: Manifest,
) -> str:
    """Write the next migration, from models and database.

    Args:
        message: What it does, in a few words.
        allow_drops: Also drop tables and columns that no model declares.
        empty: Write a migration without statements, to be filled by hand.
        settings: The project's settings.
        manifest: The project's files.
    """
    from zenith_server.database.models import metadata

    draft = Draft(settings, manifest)
    modules = [module for _, module in draft.modules("model")]
    async with _opened(settings) as revisions:
        revisions.metadata = metadata(modules)
        options = {"allow_drops": allow_drops, "empty": empty}
        made = await revisions.make(message, **options, broken=draft.faults)
    if made.file is None:
        return "Nothing to do: the database has all that the models say."
    changes = [f"  {change}" for change in made.changes]
    then = "Read it, then apply it: zenith-server db upgrade"
    return "\n".join([f"wrote {_relative(made.file, settings)}", *changes, then])


async def upgrade(target: str = "head", *, settings: Settings) -> str:
    """Apply pending migrations.

    Args:
        target: How far: head, the name of a migration, or a number of steps such as +1.
        settings: The project's settings.
    """
    async with _opened(settings) as revisions:
        run = await revisions.upgrade(target, wait=settings.migrations.lock_timeout)
    return _ran("applied", run)


async def downgrade(target: str, *, settings: Settings) -> str:
    """Undo migrations.

    Args:
        target: How far: base, the name of a migration, or a number of steps such as -1.
        settings: The project's settings.
    """
    async with _opened(settings) as revisions:
        run = await revisions.downgrade(target, wait=settings.migrations.lock_timeout)
    return _ran("undid", run)


async def status(*, json: bool = False, settings: Settings) -> str:
    """Tell which migrations the database lacks.

    Args:
        json: Print JSON.
        settings: The project's settings.
    """
    async with _opened(settings) as revisions:
        state = await revisions.status()
        masked = revisions.database.url.masked
    if json:
        return json_text.dumps({"database": masked, **_document(state)}, indent=2)
    lines = [f"database: {masked}", f"migrations: {state.summary}"]
    return "\n".join([*lines, *(f"  pending: {revision.name}" for revision in state.pending)])


async def history(*, json: bool = False, settings: Settings) -> str:
    """List the migrations, oldest first.

    Args:
        json: Print JSON.
        settings: The project's settings.
    """
    async with _opened(settings) as revisions:
        found = revisions.history()
    if json:
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "message": each.message,
                "follows": each.down,
                "file": _relative(each.file, settings),
            }
            for each in found
        ]
        return json_text.dumps(rows, indent=2)
    return "\n".join(f"{each.name}  {each.message}" for each in found) or "no migrations"


def _ran(verb: str, run: MigrationRun) -> str:
    done = [f"{verb} {revision.name}" for revision in run.ran]
    return "\n".join([*done, f"migrations: {run.state.summary}"])


def _document(state: MigrationState) -> dict[str, object]:
    return {
        "state": state.state,
        "current": list(state.current),
        "applied": [revision.name for revision in state.applied],
        "pending": [revision.name for revision in state.pending],
        "unknown": list(state.unknown),
    }


def _relative(file: Path, settings: Settings) -> str:
    return file.relative_to(settings.root).as_posix()


def _pending(state: MigrationState) -> Fault:
    return Fault(
        f"The database lacks {len(state.pending)} of the migrations",
        tuple(f"{FOLDER}/{revision.file.name}" for revision in state.pending),
        "The setting migrations.on_start is check: a start applies none, and serves nothing that "
        "is not migrated.",
        ("Apply them first: zenith-server db upgrade", "Or set migrations.on_start to auto."),
    )
