"""`db check`: models against database, and the safety review of what is pending."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from zenith_server.errors import ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.project import judged, load_models, opened
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.migrations import Finding, MigrationState

_NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


async def check(
    *, since: str | None = None, json: bool = False, settings: Settings, manifest: Manifest
) -> int:
    """Compare models and database, and review what is pending.

    Args:
        since: Review the migrations after this one, whatever the database has.
        json: Print JSON.
        settings: The project's settings.
        manifest: The project's files.
    """
    from zenith_server.database.migrations import dangers

    async with opened(settings) as revisions:
        faults = load_models(revisions, settings, manifest)
        if faults:
            raise ProjectError(*faults)
        state = await revisions.status()
        # What is pending would be told as a difference too.
        changes = () if state.pending else (await revisions.difference()).changes
        dialect = judged(settings, revisions.database.url.backend)
        asked = revisions.after(since) if since else state.pending
        findings = await revisions.review(asked, dialect=dialect)
    found = (state, changes, dialect, findings)
    text = json_text.dumps(_document(*found), indent=2) if json else "\n".join(_lines(*found))
    sys.stdout.write(f"{text}\n")
    return int(bool(state.pending or changes or dangers(findings)))


def told_review(findings: Iterable[Finding], dialect: str) -> str:
    """Return what a review found, for people."""
    told = "\n\n\n".join(str(finding.fault) for finding in findings)
    return f"review, as on {_NAMES[dialect]}:\n\n{told}"


def _lines(
    state: MigrationState, changes: Sequence[str], dialect: str, findings: Sequence[Finding]
) -> list[str]:
    lacking = [f"  the database lacks: {change}" for change in changes]
    agree = "not compared while migrations are pending" if state.pending else "as in the database"
    told = f"models: {'not as in the database' if changes else agree}"
    reviewed = [f"\n{told_review(findings, dialect)}"] if findings else []
    return [f"migrations: {state.summary}", told, *lacking, *reviewed]


def _document(
    state: MigrationState, changes: Sequence[str], dialect: str, findings: Sequence[Finding]
) -> dict[str, object]:
    return {
        "state": state.state,
        "pending": [revision.name for revision in state.pending],
        "changes": list(changes),
        "judged_as": dialect,
        "findings": [_finding(finding) for finding in findings],
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
