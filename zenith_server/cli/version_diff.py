"""What one version of the API answers otherwise than another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from zenith_server.cli.findings import Findings
from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.names import Pattern
from zenith_server.plan import Route
from zenith_server.versions import Family, families

Change = Literal["added", "removed", "changed", "inherited"]


class Difference(Struct, frozen=True):
    """One method of one URL in two versions.

    Args:
        change: what became of it.
        method: the method.
        pattern: the URL below the version.
        old: where the handler of the older version stands; empty where there is none.
        new: where that of the newer one stands.
    """

    change: Change
    method: str
    pattern: str
    old: str
    new: str


def difference(findings: Findings, old: str, new: str) -> list[Difference]:
    """Return what two versions answer, in the order of URLs.

    Raises:
        ProjectError: there is no such version.
    """
    known = families(findings.manifest.of("route"))
    names = {name for family in known for name in family.names}
    missing = [_unknown(name, names) for name in (old, new) if name not in names]
    if missing:
        raise ProjectError(*missing)
    return [each for family in known for each in _between(findings, family, old, new)]


def _between(findings: Findings, family: Family, old: str, new: str) -> Iterator[Difference]:
    before, after = (_routes(findings, family, name) for name in (old, new))
    for key in sorted(before.keys() | after.keys()):
        shown = after.get(key) or before[key]
        yield Difference(
            _change(before.get(key), after.get(key)),
            shown.method,
            str(family.base + _below(family, shown)),
            str(before[key].origin) if key in before else "",
            str(after[key].origin) if key in after else "",
        )


def _routes(findings: Findings, family: Family, name: str) -> dict[tuple[str, str], Route]:
    """The routes of a version by URL and method; parameters may be called differently."""
    routes = [r for r in findings.plan.routes if family.of(r.pattern) == name]
    return {
        ("/".join(_below(family, route).shape), route.method): route
        for route in routes
        if route.origin.where.startswith(f"{family.folder}/")
    }


def _below(family: Family, route: Route) -> Pattern:
    return Pattern(route.pattern.segments[len(family.base.segments) + 1 :])


def _change(before: Route | None, after: Route | None) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return "inherited" if before.handler is after.handler else "changed"


def _unknown(name: str, names: set[str]) -> Fault:
    return Fault(
        f"There is no version {name} of this API.{suggestion(name, sorted(names))}",
        ("option --diff",),
        f"A version is a folder of routes. There are: {', '.join(sorted(names)) or 'none'}.",
        ("Correct the name.",),
    )
