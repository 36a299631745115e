"""`routes/`: one file per URL, one function per method."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention
from zenith_server.names import Pattern, url_of
from zenith_server.plugin import Plugin
from zenith_server.plugins.routes.answers import put_routes
from zenith_server.plugins.routes.folders import Folders
from zenith_server.plugins.routes.overlays import overlays_of, places_of
from zenith_server.versions import families


class Routes(Plugin):
    """Turns route files into routes, with the middleware and error mappings of their folders."""

    name = "routes"

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `routes/`."""
        return (
            Convention("route_middleware", "routes", "_middleware.py", meaning="guards a folder"),
            Convention("route_errors", "routes", "_errors.py", meaning="exceptions to responses"),
            Convention("route", "routes", meaning="one file per URL"),
        )

    def setup(self, draft: Draft) -> None:
        """Add every route of every file."""
        known = families(draft.files("route"))
        overlays = overlays_of(draft, known)
        folders = Folders(draft, overlays)
        patterns = _patterns(draft)
        places = places_of(draft, known, patterns)
        for file, module in draft.modules("route"):
            for place in places.get(file.relative, ()):
                around = folders.around(place.relative)
                put_routes(draft, file, module, place.pattern, around)
        found = len(draft.routes)
        draft.fact("routes", lambda: f"{found} in {_counted(len(patterns), 'file')}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _patterns(draft: Draft) -> dict[str, Pattern]:
    """The URL of each route file; two files of one URL are a fault before anything is imported."""
    found: dict[str, Pattern] = {}
    shapes: dict[tuple[str, ...], str] = {}
    for file in draft.files("route"):
        try:
            pattern = url_of(file.relative)
        except ProjectError as error:
            draft.faults.extend(error.faults)
            continue
        first = shapes.setdefault(pattern.shape, file.relative)
        if first == file.relative:
            found[file.relative] = pattern
        else:
            draft.faults.append(_same_url(pattern, first, file.relative))
    return found


def _same_url(pattern: Pattern, first: str, second: str) -> Fault:
    return Fault(
        f"Two files answer {pattern}",
        (first, second),
        "One URL belongs to one file, so that one place tells all of its methods.",
        ("Put the functions of one file into the other and delete it.",),
    )
