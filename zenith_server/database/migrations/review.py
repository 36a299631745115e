"""The safety review: which revisions would stop the traffic or break the version that runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import MetaData

from zenith_server.database.migrations.changes import Change, changes, locked
from zenith_server.database.migrations.hazards import HAZARDS
from zenith_server.database.migrations.recording import Recording, Step, record
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.migrations.statements import Kind
from zenith_server.errors import Fault

Declared = Mapping[str, Collection[str]]
"""The columns of each table that the models declare."""

_LENGTH = 100
_MARKER = 'If it is safe here, let the revision say why: reviewed = "…"'


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the review found.

    Args:
        revision: the revision's name.
        kind: what kind of change it is; `unknown` for what could not be reviewed.
        fault: what, where, why and the safe recipe.
        dangerous: whether production refuses it.
    """

    revision: str
    kind: Kind
    fault: Fault
    dangerous: bool


@dataclass(slots=True)
class Review:
    """A review of revisions that run one after another.

    Tables that these revisions make themselves are empty and used by nobody, so that anything may
    be done to them.

    Args:
        dialect: the database that is judged: postgresql, mysql or sqlite.
        declared: what the models declare, to tell drops that they still use.
    """

    dialect: str
    declared: Declared = field(default_factory=dict[str, Collection[str]])
    made: set[str] = field(default_factory=set[str])
    validated: set[str] = field(default_factory=set[str])
    # What the transaction of a revision did to tables in use so far.
    locked: set[str] = field(default_factory=set[str])
    unchecked: set[str] = field(default_factory=set[str])

    def of(self, revision: Revision, module: Any) -> Iterator[Finding]:
        """Run a revision where nothing is executed, and give what is to be said about it."""
        recording = record(module.upgrade, str(revision.file), self.dialect)
        self._forget()
        for step in recording.steps:
            if not step.in_transaction:
                self._forget()
            for change in changes(step.operation, self.dialect):
                kind = self._judged(change, step)
                if kind and (kind == "unknown" or kind in HAZARDS[self.dialect]):
                    said = Change(kind, change.table, change.name)
                    yield _finding(revision, step, self._fault(said), kind)
            if step.in_transaction:
                self.locked |= {locked(step.operation)} - self.made - {""}
        if recording.error:
            yield _unfinished(revision, recording)

    def _forget(self) -> None:
        self.locked, self.unchecked = set(), set()

    def _judged(self, change: Change, step: Step) -> Kind | None:
        """Return what a change amounts to after what came before it; nothing for what is safe."""
        kind, table = change.kind, change.table
        match kind:
            case "create table":
                self.made.add(table)
                return None
            case "concurrent index" | "vacuum" | "enum value":
                return kind if step.in_transaction else None
            case "rename table" if table in self.made:
                self.made.add(change.name)
            case _:
                pass
        if table in self.made:
            return None
        return self._of_table_in_use(change, step)

    def _of_table_in_use(self, change: Change, step: Step) -> Kind | None:
        kind, table = change.kind, change.table
        match kind:
            case "not valid":
                self.unchecked.add(table)
                return None
            case "validate":
                self.validated.add(table)
                return "validate at once" if table in self.unchecked else None
            case "not null":
                return None if table in self.validated else kind
            case "rows" | "all rows":
                is_locking = bool(self.locked) and step.in_transaction
                return "backfill" if is_locking else kind
            case _:
                return kind

    def _fault(self, change: Change) -> Fault:
        if change.kind == "unknown":
            return _unknown(change)
        hazard = HAZARDS[self.dialect][change.kind]
        names = {"table": change.table, "name": change.name or "…"}
        used = change.kind in ("drop table", "drop column") and self._is_declared(change)
        return Fault(
            hazard.what.format_map(names) + (", and the models still use it" if used else ""),
            (),
            hazard.why,
            tuple(each.format_map(names) for each in (*hazard.recipe, _MARKER)),
        )

    def _is_declared(self, change: Change) -> bool:
        columns = self.declared.get(change.table, ())
        return change.table in self.declared and (not change.name or change.name in columns)


def review(
    modules: Mapping[str, Any], revisions: Iterable[Revision], dialect: str, declared: Declared
) -> tuple[Finding, ...]:
    """Review revisions that will run one after another.

    Args:
        modules: their modules, by the ids of the revisions.
        revisions: in their order; one that says why it is safe is believed and not run.
        dialect: the database that is judged: postgresql, mysql or sqlite.
        declared: what the models declare; nothing if they are not loaded.
    """
    run = Review(dialect, declared)
    unmarked = (revision for revision in revisions if not revision.reviewed)
    return tuple(found for each in unmarked for found in run.of(each, modules[each.id]))


def declared(metadata: Iterable[MetaData]) -> Declared:
    """Return the columns of each table that these models declare."""
    tables = (table for each in metadata for table in each.tables.values())
    return {table.fullname: frozenset(column.name for column in table.columns) for table in tables}


def dangers(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those findings that production refuses."""
    return tuple(finding for finding in findings if finding.dangerous)


def _finding(revision: Revision, step: Step, fault: Fault, kind: Kind) -> Finding:
    line = f":{step.line}" if step.line else ""
    placed = Fault(fault.what, (f"{revision.place}{line}",), fault.why, fault.fixes)
    return Finding(revision.name, kind, placed, kind != "unknown")


def _unknown(change: Change) -> Fault:
    text = change.name if len(change.name) <= _LENGTH else f"{change.name[:_LENGTH]}…"
    return Fault(f"Not reviewed: {text}", why="What it does to rows and locks is not known.")


def _unfinished(revision: Revision, recording: Recording) -> Finding:
    step = recording.steps[-1]
    why = f"Without its database the revision does not run to its end. {recording.error}."
    return _finding(revision, step, Fault("Not reviewed from here on", why=why), "unknown")
