"""The commands that make, run and list migrations."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING

from zenith_server.database.databases import Databases
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.check import told_review
from zenith_server.plugins.migrations.project import (
    DEFAULT,
    asked,
    judged,
    label,
    load_models,
    opened,
)
from zenith_server.plugins.migrations.start import refuse_dangers
from zenith_server.plugins.migrations.telling import told
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.migrations import MigrationRun, MigrationState


async def make(
    message: str,
    *,
    allow_drops: bool = False,
    empty: bool = False,
    database: str = DEFAULT,
    databases: Databases,
    manifest: Manifest,
) -> str:
    """Write the next migration, from models and database.

    Args:
        message: What it does, in a few words.
        allow_drops: Also drop tables and columns that no model declares.
        empty: Write a migration without statements, to be filled by hand.
        database: Which of the project's databases.
        databases: The project's databases.
        manifest: The project's files.
    """
    async with opened(databases, database) as revisions:
        settings = databases.settings
        broken = load_models(revisions, settings, manifest)
        made = await revisions.make(message, allow_drops=allow_drops, empty=empty, broken=broken)
        dialect = judged(settings, revisions.database.url.backend)
        new = revisions.history()[-1:] if made.file else ()
        findings = await revisions.review(new, dialect=dialect)
    if made.file is None:
        return "Nothing to do: the database has all that the models say."
    changes = [f"  {change}" for change in made.changes]
    option = "" if database == DEFAULT else f" --database {database}"
    then = f"Read it, then apply it: zenith-server db upgrade{option}"
    told = [f"\n{told_review(findings, dialect)}\n"] if findings else []
    return "\n".join([f"wrote {_relative(made.file, settings)}", *changes, *told, then])


async def upgrade(
    target: str = "head", *, database: str | None = None, databases: Databases
) -> str:
    """Apply pending migrations.

    Args:
        target: How far: head, the name of a migration, or a number of steps such as +1.
        database: Which of the project's databases; all of them, unless there is a target.
        databases: The project's databases.
    """
    names = asked(databases, database) if target == "head" else (database or DEFAULT,)
    return "\n".join([await _upgraded(name, target, databases) for name in names])


async def _upgraded(name: str, target: str, databases: Databases) -> str:
    settings = databases.settings
    async with opened(databases, name) as revisions:
        await refuse_dangers(revisions, settings)
        with told():
            run = await revisions.upgrade(target, wait=settings.migrations.lock_timeout)
    return _ran("applied", run, name)


async def downgrade(target: str, *, database: str = DEFAULT, databases: Databases) -> str:
    """Undo migrations.

    Args:
        target: How far: base, the name of a migration, or a number of steps such as -1.
        database: Which of the project's databases.
        databases: The project's databases.
    """
    async with opened(databases, database) as revisions:
        with told():
            run = await revisions.downgrade(target, wait=databases.settings.migrations.lock_timeout)
    return _ran("undid", run, database)


async def status(*, database: str | None = None, json: bool = False, databases: Databases) -> str:
    """Tell which migrations the databases lack.

    Args:
        database: Which of the project's databases; all of them if left out.
        json: Print JSON: an object for one database, a list where the project has several.
        databases: The project's databases.
    """
    found: list[tuple[str, str, MigrationState]] = []
    for name in asked(databases, database):
        async with opened(databases, name) as revisions:
            found.append((name, revisions.database.url.masked, await revisions.status()))
    if json:
        rows = [{"name": row[0], "database": row[1], **_document(row[2])} for row in found]
        is_one = database is not None or not databases.settings.databases
        return json_text.dumps(rows[0] if is_one else rows, indent=2)
    return "\n".join(line for row in found for line in _status(*row))


def _status(name: str, masked: str, state: MigrationState) -> list[str]:
    lines = [f"{label('database', name)}: {masked}", f"migrations: {state.summary}"]
    return [*lines, *(f"  pending: {revision.name}" for revision in state.pending)]


async def sql(
    target: str = "head", *, since: str = "base", database: str = DEFAULT, databases: Databases
) -> str:
    """Print migrations as a script in SQL, without asking the database.

    Args:
        target: How far: head, or the name of a migration.
        since: Where the database stands: base, or the name of a migration.
        database: Which of the project's databases.
        databases: The project's databases.
    """
    async with opened(databases, database) as revisions:
        return (await revisions.script(target, since=since)).rstrip()


async def merge(message: str = "merge", *, database: str = DEFAULT, databases: Databases) -> str:
    """Write a migration that follows all heads, so that there is one again.

    Args:
        message: What was merged, in a few words.
        database: Which of the project's databases.
        databases: The project's databases.
    """
    async with opened(databases, database) as revisions:
        made = revisions.merge(message)
    if made.file is None:
        return "Nothing to do: the migrations have one head."
    return f"wrote {_relative(made.file, databases.settings)}"


async def history(*, database: str = DEFAULT, json: bool = False, databases: Databases) -> str:
    """List the migrations, oldest first.

    Args:
        database: Which of the project's databases.
        json: Print JSON.
        databases: The project's databases.
    """
    async with opened(databases, database) as revisions:
        found = revisions.history()
    if json:
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "message": each.message,
                "follows": each.down,
                "file": _relative(each.file, databases.settings),
            }
            for each in found
        ]
        return json_text.dumps(rows, indent=2)
    return "\n".join(f"{each.name}  {each.message}" for each in found) or "no migrations"


def _ran(verb: str, run: MigrationRun, name: str) -> str:
    done = [f"{verb} {revision.name}" for revision in run.ran]
    return "\n".join([*done, f"{label('migrations', name)}: {run.state.summary}"])


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
