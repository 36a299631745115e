"""`zenith-server routes`: what is answered where, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import complain, print_json, print_table

if TYPE_CHECKING:
    from zenith_server.cli.findings import Findings
    from zenith_server.plan import Route


@dataclass(frozen=True, slots=True)
class Row:
    """What one file, or one plugin, answers under one pattern.

    Args:
        pattern: the URLs, such as `/users/{id}`.
        methods: the methods as they are declared; empty where the file is broken.
        file: the file inside the project, or the plugin.
        line: where the first of the handlers stands; 0 where that is not known.
        layers: what a request passes on its way to the handler, outermost first.
        fault: what is wrong with the file.
    """

    pattern: str
    methods: tuple[str, ...]
    file: str
    line: int
    layers: tuple[str, ...]
    fault: str | None = None


def routes(project: ProjectFolder = HERE, *, env: Env = None, json: AsJson = False) -> int:
    """List the routes of a project."""
    from zenith_server.cli.findings import find

    findings = find(project, env)
    rows = rows_of(findings)
    if json:
        print_json([asdict(row) for row in rows])
    else:
        print_table(("METHODS", "PATTERN", "PLACE", "LAYERS"), map(_cells, rows))
    if findings.faults:
        complain("\n" + "\n\n\n".join(map(str, findings.faults)))
    return 1 if findings.faults else 0


def rows_of(findings: Findings) -> list[Row]:
    """Return what is answered: the routes that stand, and the files that are broken."""
    groups: dict[tuple[str, str], list[Route]] = {}
    for route in findings.plan.routes:
        groups.setdefault((str(route.pattern), route.origin.where), []).append(route)
    rows = [_row(findings, group) for group in groups.values()]
    return [*rows, *_broken(findings, {row.file for row in rows})]


def layers_around(findings: Findings, route: Route) -> tuple[str, ...]:
    """Return the names of what a request passes on its way to a handler, outermost first."""
    plan = findings.plan
    shared = () if route.outside else (*plan.hooks, *plan.layers)
    guards = (str(guard.origin) for guard in route.guards)
    return (*(layer.name for layer in (*shared, *route.layers)), *guards)


def _row(findings: Findings, group: list[Route]) -> Row:
    first = min(group, key=lambda route: route.origin.line)
    fault = findings.fault_at(first.origin.where)
    layers = dict.fromkeys(name for route in group for name in layers_around(findings, route))
    return Row(
        str(first.pattern),
        tuple(route.method for route in group),
        first.origin.where,
        first.origin.line,
        tuple(layers),
        fault.what if fault else None,
    )


def _broken(findings: Findings, standing: set[str]) -> list[Row]:
    from zenith_server.errors import ProjectError
    from zenith_server.names import url_of

    rows: list[Row] = []
    for file in findings.manifest.of("route"):
        if file.relative not in standing:
            fault = findings.fault_at(file.relative)
            try:
                pattern = str(url_of(file.relative))
            except ProjectError:
                pattern = ""
            what = fault.what if fault else "it is not served"
            rows.append(Row(pattern, (), file.relative, 0, (), what))
    return rows


def _cells(row: Row) -> tuple[str, str, str, str]:
    place = f"{row.file}:{row.line}" if row.line else row.file
    last = ", ".join(row.layers) if row.fault is None else f"broken: {row.fault}"
    return ", ".join(row.methods) or "?", row.pattern or "?", place, last
