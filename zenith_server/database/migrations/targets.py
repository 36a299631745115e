"""How far an upgrade or a downgrade goes."""

from __future__ import annotations

import re
from pathlib import Path

from zenith_server.database.migrations import faults
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.migrations.state import MigrationState
from zenith_server.database.url import DatabaseURL
from zenith_server.errors import ProjectError


def refuse_too_many(target: str, there: tuple[Revision, ...], verb: str) -> None:
    """Refuse more steps than there are revisions; `verb` tells what would be done to them."""
    asked = int(target[1:]) if target[0] in "+-" else 0
    if asked > len(there):
        raise ProjectError(faults.out_of_steps(len(there), asked, verb))


def refuse_unapplied(target: str, found: MigrationState) -> None:
    """Refuse to go back to what the database does not have."""
    for revision in found.pending:
        if revision.id == target:
            raise ProjectError(faults.not_applied(revision))


def refuse_unless_current(found: MigrationState, url: DatabaseURL, folder: Path) -> None:
    """Refuse what needs a database that has all revisions, and no others.

    Raises:
        ProjectError: says what it lacks, or what this code lacks.
    """
    if found.pending:
        raise ProjectError(faults.behind(found))
    if found.unknown:
        raise ProjectError(faults.elsewhere(found, url, folder))


def resolve(target: str, known: tuple[Revision, ...], others: str) -> str:
    """Return what Alembic calls the target; `others` matches what is no revision."""
    if re.fullmatch(others, target):
        return target
    for revision in known:
        if target in (revision.id, revision.name):
            return revision.id
    raise ProjectError(faults.unknown_target(target, known))


def remaining(target: str, done: int) -> str:
    """Return the target once so many revisions are done; only a number of steps changes."""
    return f"{target[0]}{int(target[1:]) - done}" if target[0] in "+-" else target
