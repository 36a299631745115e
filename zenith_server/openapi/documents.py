"""The documents of a project: of all that it serves, or of one version of its API."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.manifest import Manifest
from zenith_server.names import Pattern, natural
from zenith_server.plan import Plan
from zenith_server.settings import Settings
from zenith_server.versions import Family, families

if TYPE_CHECKING:
    from zenith_server.openapi.document import Info


def document_of(
    settings: Settings, manifest: Manifest, plan: Plan, version: str = ""
) -> dict[str, Any]:
    """Return the OpenAPI document of a project, or of one version of its API.

    Args:
        settings: the project's settings.
        manifest: its files.
        plan: what it serves.
        version: a version in any of its families; empty for all that is served.

    Raises:
        ProjectError: there is no such version, or handlers whose parameters cannot be read.
    """
    known = families(manifest.of("route"))
    if not version:
        return described(settings, plan, known)
    bases = [family.url(version) for family in known if version in family.names]
    if not bases:
        raise ProjectError(_no_version(version, known))
    routes = tuple(route for base in bases for route in part_of(plan, base).routes)
    return described(settings, replace(plan, routes=routes), known, version)


def part_of(plan: Plan, base: Pattern) -> Plan:
    """Return a plan with those routes alone that are below a URL."""
    size = len(base.segments)
    routes = (route for route in plan.routes if route.pattern.segments[:size] == base.segments)
    return replace(plan, routes=tuple(routes))


def described(
    settings: Settings, plan: Plan, known: Iterable[Family] = (), version: str = ""
) -> dict[str, Any]:
    """Return the OpenAPI document of a plan.

    Args:
        settings: the project's settings.
        plan: what it serves.
        known: the versions of its API.
        version: the one that is described, if it is one.

    Raises:
        ProjectError: handlers whose parameters cannot be read.
    """
    from zenith_server.openapi.document import describe

    info = info_of(settings)
    gone = {name for name, one in settings.by_version.items() if one.deprecated or one.sunset}
    leaving = tuple(f.url(name) for f in known for name in f.names if name in gone)
    info = replace(info, version=version or info.version, leaving=leaving)
    refuse_unknown = settings.requests.unknown_fields == "refuse"
    return describe(plan, info, refuse_unknown=refuse_unknown)


def _no_version(version: str, known: Iterable[Family]) -> Fault:
    names = sorted({name for family in known for name in family.names}, key=natural)
    return Fault(
        f"There is no version {version} of this API.{suggestion(version, names)}",
        ("option --api-version",),
        f"A version is a folder of routes. There are: {', '.join(names) or 'none'}.",
        ("Correct the name.",),
    )


def info_of(settings: Settings) -> Info:
    """Return what the settings call the API, or else `pyproject.toml`, or else its folder."""
    from zenith_server.openapi.document import Info

    project = _project(settings.root)
    folder = settings.root.resolve().name
    return Info(
        settings.docs.title or project.get("name") or folder,
        settings.docs.version or project.get("version") or "0.1.0",
        project.get("description", ""),
    )


def _project(root: Path) -> dict[str, str]:
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    table = tomllib.loads(file.read_text("utf-8"))
    return cast("dict[str, str]", table.get("project", {}))
