"""`zenith-server check`: would it start?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import complain, counted, print_json

if TYPE_CHECKING:
    from zenith_server.cli.findings import Findings
    from zenith_server.errors import Fault


def check(project: ProjectFolder = HERE, *, env: Env = None, json: AsJson = False) -> int:
    """Report all that would stop a start, and what is unwise."""
    from zenith_server.cli.findings import find
    from zenith_server.errors import ProjectError

    try:
        findings = find(project, env)
    except ProjectError as error:
        if not json:
            raise
        print_json(_document(None, error.faults))
        return 1
    if json:
        print_json(_document(findings, findings.faults))
    else:
        _print(findings)
    return 1 if findings.faults else 0


def _print(findings: Findings) -> None:
    for warning in findings.settings.warnings:
        complain(f"warning: {warning}\n\n")
    if findings.faults:
        complain("\n\n\n".join(map(str, findings.faults)))
        complain(f"\n\n{_counts(findings)}: {counted(len(findings.faults), 'fault')}")
    else:
        print(f"{_counts(findings)}: no faults")


def _counts(findings: Findings) -> str:
    numbers = _numbers(findings).items()
    return ", ".join(counted(number, kind) for kind, number in numbers if number)


def _numbers(findings: Findings) -> dict[str, int]:
    """How much there is of the project's own, by kind."""
    files = {file.relative: file.kind for file in findings.manifest.files}
    kinds = Counter(kind.replace("_", " ") for kind in files.values() if kind != "route")
    own = [route for route in findings.plan.routes if route.origin.where in files]
    return {"route": len(own), **kinds}


def _document(findings: Findings | None, faults: tuple[Fault, ...]) -> dict[str, Any]:
    warnings = findings.settings.warnings if findings else ()
    return {
        "ok": not faults,
        "counts": _numbers(findings) if findings else {},
        "faults": faults,
        "warnings": warnings,
    }
