"""`/openapi.json`: the description of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from zenith_server.cached import Cached
from zenith_server.draft import Draft
from zenith_server.manifest import Manifest
from zenith_server.names import Pattern, template
from zenith_server.plan import Plan
from zenith_server.plugin import Command, Plugin
from zenith_server.protocol import Receive, Scope, Send
from zenith_server.router import hidden
from zenith_server.settings import Settings
from zenith_server.versions import families

if TYPE_CHECKING:
    pass

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

        from zenith_server.openapi.documents import described, part_of

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

    from zenith_server.openapi.documents import document_of

    document = document_of(settings, manifest, plan, api_version)
    text = msgspec.json.format(msgspec.json.encode(document)).decode()
    if output is None:
        return text
    output.write_text(text + "\n", encoding="utf-8")
    return f"Written to {output}"
