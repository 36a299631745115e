"""The rows of `zenith-server routes`: what stands, and what is broken."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from zenith_server.cli.findings import Findings
from zenith_server.errors import ProjectError
from zenith_server.names import url_of
from zenith_server.plan import Route


class Row(Struct, frozen=True):
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


def rows_of(findings: Findings) -> list[Row]:
    """Return what is answered: the routes that stand, then the files that are broken."""
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
        tuple(dict.fromkeys(route.method for route in group)),
        first.origin.where,
        first.origin.line,
        tuple(layers),
        fault.what if fault else None,
    )


def _broken(findings: Findings, standing: set[str]) -> Iterator[Row]:
    for file in findings.manifest.of("route"):
        if file.relative not in standing:
            fault = findings.fault_at(file.relative)
            what = fault.what if fault else "it answers nothing"
            yield Row(_pattern(file.relative), (), file.relative, 0, (), what)


def _pattern(relative: str) -> str:
    try:
        return str(url_of(relative))
    except ProjectError:
        return ""
