"""The commands that make, run and list migrations."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING

from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.check import told_review
from zenith_server.plugins.migrations.project import judged, load_models, opened
from zenith_server.plugins.migrations.start import refuse_dangers
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.migrations import MigrationRun, MigrationState


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
    async with opened(settings) as revisions:
        broken = load_models(revisions, settings, manifest)
        made = await revisions.make(message, allow_drops=allow_drops, empty=empty, broken=broken)
        dialect = judged(settings, revisions.database.url.backend)
        new = revisions.history()[-1:] if made.file else ()
        findings = await revisions.review(new, dialect=dialect)
    if made.file is None:
        return "Nothing to do: the database has all that the models say."
    changes = [f"  {change}" for change in made.changes]
    then = "Read it, then apply it: zenith-server db upgrade"
    told = [f"\n{told_review(findings, dialect)}\n"] if findings else []
    return "\n".join([f"wrote {_relative(made.file, settings)}", *changes, *told, then])


async def upgrade(target: str = "head", *, settings: Settings) -> str:
    """Apply pending migrations.

    Args:
        target: How far: head, the name of a migration, or a number of steps such as +1.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
        await refuse_dangers(revisions, settings)
        run = await revisions.upgrade(target, wait=settings.migrations.lock_timeout)
    return _ran("applied", run)


async def downgrade(target: str, *, settings: Settings) -> str:
    """Undo migrations.

    Args:
        target: How far: base, the name of a migration, or a number of steps such as -1.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
        run = await revisions.downgrade(target, wait=settings.migrations.lock_timeout)
    return _ran("undid", run)


async def status(*, json: bool = False, settings: Settings) -> str:
    """Tell which migrations the database lacks.

    Args:
        json: Print JSON.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
        state = await revisions.status()
        masked = revisions.database.url.masked
    if json:
        return json_text.dumps({"database": masked, **_document(state)}, indent=2)
    lines = [f"database: {masked}", f"migrations: {state.summary}"]
    return "\n".join([*lines, *(f"  pending: {revision.name}" for revision in state.pending)])


async def sql(target: str = "head", *, since: str = "base", settings: Settings) -> str:
    """Print migrations as a script in SQL, without asking the database.

    Args:
        target: How far: head, or the name of a migration.
        since: Where the database stands: base, or the name of a migration.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
        return (await revisions.script(target, since=since)).rstrip()


async def merge(message: str = "merge", *, settings: Settings) -> str:
    """Write a migration that follows all heads, so that there is one again.

    Args:
        message: What was merged, in a few words.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
        made = revisions.merge(message)
    if made.file is None:
        return "Nothing to do: the migrations have one head."
    return f"wrote {_relative(made.file, settings)}"


async def history(*, json: bool = False, settings: Settings) -> str:
    """List the migrations, oldest first.

    Args:
        json: Print JSON.
        settings: The project's settings.
    """
    async with opened(settings) as revisions:
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
