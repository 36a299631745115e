"""All revisions are replaced by one that makes what the models say, and keeps what they do not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy.dialects import registry

from zenith_server.database.migrations import environment, faults, targets, writing
from zenith_server.database.migrations.difference import Difference, difference
from zenith_server.database.migrations.hand_written import HandWritten, hand_written
from zenith_server.database.migrations.migrations import Migrations
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.unreachable import connect
from zenith_server.errors import Fault, ProjectError

Steps = Literal["ask", "keep", "drop"]

_BEFORE_TABLES = re.compile(
    r"\s*CREATE\s+(?:EXTENSION|SCHEMA|TYPE|DOMAIN|COLLATION|SEQUENCE)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Squash:
    """One revision in place of many.

    Args:
        file: what is to be written.
        content: its text.
        replaced: what is to be deleted.
        kept: the statements that are carried over, as they were written.
        dropped: what is left out.
    """

    file: Path
    content: str
    replaced: tuple[Revision, ...]
    kept: tuple[HandWritten, ...] = ()
    dropped: tuple[HandWritten, ...] = ()

    def write(self) -> None:
        """Write the new revision, then delete those that it replaces."""
        new = self.file.with_name(f"{self.file.name}.new")
        new.write_text(self.content, encoding="utf-8")
        for revision in self.replaced:
            revision.file.unlink()
        new.rename(self.file)


async def squash(
    migrations: Migrations,
    message: str = "squashed",
    *,
    steps: Steps = "ask",
    broken: Sequence[Fault] = (),
) -> Squash | None:
    """Return what would replace all revisions; writes nothing.

    The new one has the id of the last: databases that are there need nothing.

    Args:
        migrations: the revisions; their `metadata` is what the models say.
        message: what the new revision is called.
        steps: what happens to statements that the models do not say.
        broken: what is wrong with model files.

    Returns:
        Nothing where there are not two revisions.

    Raises:
        ProjectError: the database is not at the last of them, models and database differ, a model
            file is broken, or there are such statements and nobody said what becomes of them.
    """
    known = migrations.history()
    if len(known) < 2:
        return None
    if broken:
        raise ProjectError(faults.unloaded(tuple(broken)), *broken)
    targets.refuse_unless_current(
        await migrations.status(), migrations.database.url, migrations.folder
    )
    lacking = (await migrations.difference()).changes
    if lacking:
        raise ProjectError(_differing(lacking))
    found = await _hand_written(migrations, known)
    _refuse_unasked(found, steps)
    kept = found if steps == "keep" else ()
    change = _with_kept(await _everything(migrations), kept)
    head = known[-1]
    return Squash(
        migrations.folder / f"{head.id}_{writing.slug(message)}.py",
        writing.revision_text(head.id, (), message, change, _replaced(known)),
        known,
        kept,
        found if steps == "drop" else (),
    )


def _replaced(known: tuple[Revision, ...]) -> tuple[str, ...]:
    """The ids that no file has afterwards, those of an earlier squash too."""
    ids = (key for each in known for key in (*each.replaces, each.id))
    return tuple(key for key in ids if key != known[-1].id)


async def _everything(migrations: Migrations) -> Difference:
    """Return all that the models say, as if the database were empty."""
    database = migrations.database
    async with connect(database.reader(), database.url) as connection:
        return await connection.run_sync(difference, migrations.metadata, is_empty=True)


async def _hand_written(
    migrations: Migrations, known: tuple[Revision, ...]
) -> tuple[HandWritten, ...]:
    url = migrations.database.url
    dialect = registry.load(url.dialect)()
    async with environment.alone():
        modules = environment.modules(migrations.folder, url.backend)
        return hand_written(known, modules, migrations.metadata, dialect)


def _with_kept(change: Difference, kept: Collection[HandWritten]) -> Difference:
    """Return the change with statements: types and such before the tables, others behind them."""
    first = [each for each in kept if _BEFORE_TABLES.match(each.statement or "")]
    last = [each for each in kept if each not in first]
    upgrade = "\n".join(
        [*map(_code, first), *([change.upgrade] if change.changes else []), *map(_code, last)]
    )
    return replace(change, upgrade=upgrade or "    pass")


def _code(step: HandWritten) -> str:
    call = f"op.execute({step.statement!r})"
    if step.in_transaction:
        return f"    {call}"
    return f"    with op.get_context().autocommit_block():\n        {call}"


def _refuse_unasked(found: tuple[HandWritten, ...], steps: Steps) -> None:
    if steps == "ask" and found:
        raise ProjectError(_asking(found))
    lost = tuple(each for each in found if each.statement is None)
    if steps == "keep" and lost:
        raise ProjectError(_lost(lost))


def _listed(found: Collection[HandWritten]) -> tuple[str, ...]:
    return tuple(f"{each.place}  {each.told}" for each in found)


def _asking(found: tuple[HandWritten, ...]) -> Fault:
    return Fault(
        f"The migrations do {len(found)} things that the models do not say",
        _listed(found),
        "The squashed migration is written from the models, so these would be lost.",
        (
            "To carry the statements over, behind the tables: --steps keep",
            "To leave them out, where no new database needs them: --steps drop",
        ),
    )


def _lost(found: tuple[HandWritten, ...]) -> Fault:
    return Fault(
        "Not all that the migrations do can be carried over",
        _listed(found),
        "These are done by Python, or are checks that no model declares; they have no statement.",
        (
            "Declare the checks in the models, and write as SQL what new databases need.",
            "To leave all of them out: --steps drop",
        ),
    )


def _differing(changes: tuple[str, ...]) -> Fault:
    return Fault(
        "Models and database differ, so the models do not say what the migrations made",
        changes,
        "The squashed migration is written from the models.",
        ("Make a migration of the difference first: zenith-server db make MESSAGE",),
    )
