"""`/openapi.json`: the description of the API."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from anyio.to_thread import run_sync

from zenith_server.cached import Cached
from zenith_server.draft import Draft
from zenith_server.plan import Plan
from zenith_server.plugin import Command, Plugin
from zenith_server.protocol import Receive, Scope, Send
from zenith_server.router import hidden
from zenith_server.settings import Settings

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
            description = Description(draft)

            @hidden
            async def get() -> Description:
                return description

            draft.route("GET", URL, get)


class Description:
    """The response: the document as JSON, with an ETag.

    Args:
        draft: its routes are those at the time of the first request.
    """

    status_code = 200

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        # One document for each place where the app is mounted; a server has one or a few.
        self._at = lru_cache(maxsize=8)(self._made)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app); made in a thread, because it reads the project's source."""
        response = await run_sync(self._at, scope.get("root_path", ""))
        await response(scope, receive, send)

    def _made(self, root: str) -> Cached:
        import msgspec

        document = described(self._draft.settings, self._draft.plan())
        if root:
            document["servers"] = [{"url": root}]
        return Cached(msgspec.json.encode(document), "application/json")


def openapi(*, output: Path | None = None, settings: Settings, plan: Plan) -> str:
    """Print the OpenAPI document of the project.

    Args:
        output: A file to write it to.
        settings: The project's settings.
        plan: What the project serves.
    """
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(described(settings, plan))).decode()
    if output is None:
        return text
    output.write_text(text + "\n", encoding="utf-8")
    return f"Written to {output}"


def described(settings: Settings, plan: Plan) -> dict[str, Any]:
    """Return the OpenAPI document of a project.

    Raises:
        ProjectError: handlers whose parameters cannot be read.
    """
    from zenith_server.openapi.document import describe

    refuse_unknown = settings.requests.unknown_fields == "refuse"
    return describe(plan, info_of(settings), refuse_unknown=refuse_unknown)


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
