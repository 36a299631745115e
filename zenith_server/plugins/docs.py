"""`/docs`: the description of the API as a page on which it can be tried."""

from __future__ import annotations

from functools import lru_cache

from anyio.to_thread import run_sync

from zenith_server.cached import Cached
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.plugin import Plugin
from zenith_server.problems import HTTPException, NotFound
from zenith_server.router import hidden

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
            pages = Pages(draft.settings.docs.title or draft.settings.root.resolve().name)
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
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._file = lru_cache(maxsize=8)(_read)

    @hidden
    async def page(self) -> Cached:
        """Return the page."""
        from zenith_server.openapi.swagger import page

        return page(f"{self._title}: the API")

    @hidden
    async def file(self, name: str) -> Cached:
        """Return a file of the page."""
        found = await run_sync(self._file, name)
        if found is None:
            raise NotFound
        return found


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
