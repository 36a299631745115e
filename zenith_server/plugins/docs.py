"""`/docs`: the description of the API as a page on which it can be tried."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from anyio.to_thread import run_sync

from zenith_server.cached import Cached
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.plugin import Plugin
from zenith_server.problems import HTTPException, NotFound
from zenith_server.router import hidden
from zenith_server.versions import families

URL = "/docs"


class Docs(Plugin):
    """Serves Swagger UI in development, and elsewhere where a setting says so."""

    name = "docs"

    def setup(self, draft: Draft) -> None:
        """Add the page and its files."""
        if not draft.settings.docs.ui:
            return
        from zenith_server.openapi import swagger

        if swagger.is_installed():
            title = draft.settings.docs.title or draft.settings.root.resolve().name
            pages = Pages(title, documents_of(draft), draft.settings.versions.default or "")
            draft.route("GET", URL, pages.page)
            draft.route("GET", f"{URL}/{{name}}", pages.file)
            draft.fact("docs", lambda: URL)
        elif draft.settings.origin("docs.ui").startswith("default"):
            draft.route("GET", URL, missing)
            draft.fact("docs", lambda: f"not installed: {swagger.INSTALL}")
        else:
            raise ProjectError(_missing(draft.settings.origin("docs.ui"), swagger.INSTALL))


class Pages:
    """The page and its files, each read when it is first asked for.

    Args:
        title: what the browser calls the page.
        documents: the documents that it shows, by what they are called.
        shown: the one that it shows first.
    """

    def __init__(self, title: str, documents: Mapping[str, str], shown: str = "") -> None:
        self._title = title
        self._documents = documents
        self._shown = shown
        self._file = lru_cache(maxsize=8)(_read)

    @hidden
    async def page(self) -> Cached:
        """Return the page."""
        from zenith_server.openapi.swagger import page

        return page(f"{self._title}: the API", several=len(self._documents) > 1)

    @hidden
    async def file(self, name: str) -> Cached:
        """Return a file of the page."""
        found = self._start() if name == "start.js" else await run_sync(self._file, name)
        if found is None:
            raise NotFound
        return found

    def _start(self) -> Cached:
        from zenith_server.openapi.swagger import start

        return start(self._documents, self._shown)


def documents_of(draft: Draft) -> dict[str, str]:
    """Return the documents of the API, relative to the page: one for each version, and the whole.

    Example:
        >>> documents_of(draft)
        {'v2': 'v2/openapi.json', 'v1': 'v1/openapi.json', 'everything': 'openapi.json'}
    """
    versions = {
        name if len(known) == 1 else str(family.url(name)): f"{family.url(name)}/openapi.json"[1:]
        for known in (families(draft.files("route")),)
        for family in known
        for name in reversed(family.names)
    }
    return {**versions, "everything": "openapi.json"}


def _read(name: str) -> Cached | None:
    from zenith_server.openapi.swagger import file

    return file(name)


@hidden
async def missing() -> None:
    """Say how the page is installed."""
    from zenith_server.openapi.swagger import INSTALL

    raise HTTPException(501, f"The page needs Swagger UI: {INSTALL}; /openapi.json needs nothing")


def _missing(origin: str, install: str) -> Fault:
    return Fault(
        "The page at /docs needs Swagger UI, which is not installed",
        (f"docs.ui from {origin}",),
        "Its scripts come from a package, so that the page works without the internet.",
        (f"Install it: {install}", "Or leave docs.ui out: /openapi.json needs nothing."),
    )
