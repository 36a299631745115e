"""Where a database stands among the revisions of its project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zenith_server.database.migrations.revisions import Revision, ancestors

State = Literal["up to date", "pending", "ahead", "left behind", "no migrations"]


@dataclass(frozen=True, slots=True)
class MigrationState:
    """A database compared with the revision files.

    Args:
        applied: the revisions that the database has, oldest first.
        pending: those that it lacks, in the order in which they will run.
        current: the ids that the database itself names; several while a fork is not merged.
        unknown: those of them that no file has: the database is ahead of this code.
        squashed: the revisions that such ones were squashed into: it was left behind.
    """

    applied: tuple[Revision, ...] = ()
    pending: tuple[Revision, ...] = ()
    current: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    squashed: tuple[Revision, ...] = ()

    @property
    def state(self) -> State:
        """One of `up to date`, `pending`, `ahead`, `left behind` and `no migrations`."""
        if self.squashed:
            return "left behind"
        if self.unknown:
            return "ahead"
        if self.pending:
            return "pending"
        return "up to date" if self.applied else "no migrations"

    @property
    def summary(self) -> str:
        """The state in one line, for the banner."""
        if self.state == "ahead":
            return f"database is at {', '.join(self.unknown)}, which this code does not know"
        if self.state == "left behind":
            new = ", ".join(_names(self.squashed))
            return f"database is at {', '.join(self.unknown)}, which is now a part of {new}"
        if self.state == "pending":
            return f"{len(self.pending)} pending: {', '.join(_names(self.pending))}"
        if self.state == "up to date":
            return f"up to date at {self.applied[-1].name}"
        return "no migrations"


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """What an upgrade or a downgrade did.

    Args:
        ran: the revisions that were applied or undone, in that order.
        state: where the database stands now.
    """

    ran: tuple[Revision, ...]
    state: MigrationState


@dataclass(frozen=True, slots=True)
class NewRevision:
    """What `make` wrote.

    Args:
        file: the new file, or nothing when models and database agree already.
        changes: what it does, one phrase each.
    """

    file: Path | None
    changes: tuple[str, ...] = ()


def compare(revisions: tuple[Revision, ...], current: tuple[str, ...]) -> MigrationState:
    """Return the state of a database that names these ids as its own."""
    known = {revision.id for revision in revisions}
    unknown = tuple(key for key in current if key not in known) if revisions else ()
    have = ancestors(revisions, current)
    return MigrationState(
        applied=tuple(revision for revision in revisions if revision.id in have),
        # What a database that is ahead lacks cannot be told: its newest revision may include it.
        pending=()
        if unknown
        else tuple(revision for revision in revisions if revision.id not in have),
        current=current,
        unknown=unknown,
        squashed=tuple(each for each in revisions if set(unknown) & set(each.replaces)),
    )


def _names(revisions: tuple[Revision, ...]) -> list[str]:
    shown = [revision.name for revision in revisions[:3]]
    return shown if len(revisions) <= 3 else [*shown, "…"]
