"""`/openapi.json`: the description of the API."""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from anyio.to_thread import run_sync

from zenith_server.cached import Cached
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.manifest import Manifest
from zenith_server.names import Pattern, natural, template
from zenith_server.plan import Plan
from zenith_server.plugin import Command, Plugin
from zenith_server.protocol import Receive, Scope, Send
from zenith_server.router import hidden
from zenith_server.settings import Settings
from zenith_server.versions import Family, families

if TYPE_CHECKING:
    from zenith_server.openapi.document import Info

URL = "/openapi.json"


class OpenAPI(Plugin):
    """Describes the routes of the plan, when somebody asks for the first time."""

    name = "openapi"

    def commands(self) -> Iterable[Command]:
        """Return `openapi`, which serves nothing."""
        return (Command("openapi", openapi),)

    def setup(self, draft: Draft) -> None:
        """Add the route where the environment, or a setting, wants it."""
        docs = draft.settings.docs
        if docs.openapi or docs.ui:
            draft.route("GET", URL, _handler(Description(draft)))
            for family in families(draft.files("route")):
                for name in family.names:
                    here = family.url(name)
                    document = Description(draft, name, here)
                    draft.route("GET", here + template(URL), _handler(document))


def _handler(description: Description) -> Callable[[], Awaitable[Description]]:
    @hidden
    async def get() -> Description:
        return description

    return get


class Description:
    """The response: the document as JSON, with an ETag.

    Args:
        draft: its routes are those at the time of the first request.
        version: the version of the API that it describes; empty for all that is served.
        base: the URL of that version.
    """

    status_code = 200

    def __init__(self, draft: Draft, version: str = "", base: Pattern | None = None) -> None:
        self._draft = draft
        self._version = version
        self._base = base or Pattern()
        # One document for each place where the app is mounted; a server has one or a few.
        self._at = lru_cache(maxsize=8)(self._made)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app); made in a thread, because it reads the project's source."""
        response = await run_sync(self._at, scope.get("root_path", ""))
        await response(scope, receive, send)

    def _made(self, root: str) -> Cached:
        import msgspec

        plan = part_of(self._draft.plan(), self._base)
        known = families(self._draft.files("route"))
        document = described(self._draft.settings, plan, known, self._version)
        if root:
            document["servers"] = [{"url": root}]
        return Cached(msgspec.json.encode(document), "application/json")


def openapi(
    *,
    output: Path | None = None,
    api_version: str = "",
    settings: Settings,
    manifest: Manifest,
    plan: Plan,
) -> str:
    """Print the OpenAPI document of the project.

    Args:
        output: A file to write it to.
        api_version: Describe one version of the API, such as v2.
        settings: The project's settings.
        manifest: The project's files.
        plan: What the project serves.
    """
    import msgspec

    document = document_of(settings, manifest, plan, api_version)
    text = msgspec.json.format(msgspec.json.encode(document)).decode()
    if output is None:
        return text
    output.write_text(text + "\n", encoding="utf-8")
    return f"Written to {output}"


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
