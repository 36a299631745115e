"""`db check`: models against database, and the safety review of what is pending."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from zenith_server.database.databases import Databases
from zenith_server.errors import ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.project import (
    DEFAULT,
    asked,
    judged,
    label,
    load_models,
    opened,
)

if TYPE_CHECKING:
    from zenith_server.database.migrations import Finding, MigrationState

_NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


class Checked(Struct, frozen=True):
    """What was found out about one database.

    Args:
        name: which one.
        state: where it stands.
        changes: what it lacks of what the models say.
        dialect: the kind of database that the review judged.
        findings: what the review found.
    """

    name: str
    state: MigrationState
    changes: Sequence[str]
    dialect: str
    findings: Sequence[Finding]

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done."""
        from zenith_server.database.migrations import dangers

        return not (self.state.pending or self.changes or dangers(self.findings))


async def check(
    *,
    since: str | None = None,
    database: str | None = None,
    json: bool = False,
    databases: Databases,
    manifest: Manifest,
) -> int:
    """Compare models and database, and review what is pending.

    Args:
        since: Review the migrations after this one, whatever the database has.
        database: Which of the project's databases; all of them, unless --since is there.
        json: Print JSON: an object for one database, a list where the project has several.
        databases: The project's databases.
        manifest: The project's files.
    """
    names = asked(databases, database) if since is None else (database or DEFAULT,)
    found = [await _checked(name, since, databases, manifest) for name in names]
    if json:
        documents = [_document(each) for each in found]
        is_one = database is not None or not databases.settings.databases
        text = json_text.dumps(documents[0] if is_one else documents, indent=2)
    else:
        text = "\n".join(line for each in found for line in _lines(each))
    sys.stdout.write(f"{text}\n")
    return int(not all(each.is_well for each in found))


async def _checked(
    name: str, since: str | None, databases: Databases, manifest: Manifest
) -> Checked:
    settings = databases.settings
    async with opened(databases, name) as revisions:
        faults = load_models(revisions, settings, manifest)
        if faults:
            raise ProjectError(*faults)
        state = await revisions.status()
        # What is pending would be told as a difference too.
        changes = () if state.pending else (await revisions.difference()).changes
        dialect = judged(settings, revisions.database.url.backend)
        asked_for = revisions.after(since) if since else state.pending
        findings = await revisions.review(asked_for, dialect=dialect)
    return Checked(name, state, changes, dialect, findings)


def told_review(findings: Iterable[Finding], dialect: str) -> str:
    """Return what a review found, for people."""
    told = "\n\n\n".join(str(finding.fault) for finding in findings)
    return f"review, as on {_NAMES[dialect]}:\n\n{told}"


def _lines(checked: Checked) -> list[str]:
    changes = checked.changes
    lacking = [f"  the database lacks: {change}" for change in changes]
    agree = "as in the database"
    if checked.state.pending:
        agree = "not compared while migrations are pending"
    said = f"models: {'not as in the database' if changes else agree}"
    findings = checked.findings
    reviewed = [f"\n{told_review(findings, checked.dialect)}"] if findings else []
    first = f"{label('migrations', checked.name)}: {checked.state.summary}"
    return [first, said, *lacking, *reviewed]


def _document(checked: Checked) -> dict[str, object]:
    return {
        "name": checked.name,
        "state": checked.state.state,
        "pending": [revision.name for revision in checked.state.pending],
        "changes": list(checked.changes),
        "judged_as": checked.dialect,
        "findings": [_finding(finding) for finding in checked.findings],
    }


def _finding(finding: Finding) -> dict[str, object]:
    fault = finding.fault
    return {
        "revision": finding.revision,
        "kind": finding.kind,
        "dangerous": finding.dangerous,
        "where": list(fault.where),
        "what": fault.what,
        "why": fault.why,
        "fixes": list(fault.fixes),
    }
