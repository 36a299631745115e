"""Which files answer for which version of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zenith_server.draft import Draft
from zenith_server.errors import ProjectError
from zenith_server.names import Pattern
from zenith_server.settings import Settings
from zenith_server.versions import Family, Placed, family_of, faults_of, older_than, placed


def overlays_of(draft: Draft, known: Iterable[Family]) -> tuple[tuple[str, str], ...]:
    """Return the folder of each version that is laid over another, with that, the oldest first."""
    inherits = _inherits(draft.settings)
    return tuple(
        (f"{family.folder}/{name}", f"{family.folder}/{older}")
        for family in known
        for name in family.names
        if (older := older_than(family, name, inherits))
    )


def places_of(
    draft: Draft, known: tuple[Family, ...], urls: Mapping[str, Pattern]
) -> dict[str, tuple[Placed, ...]]:
    """Return where each route file answers: at its URL, and in newer versions without their own.

    What is wrong with the versions is noted on the draft.
    """
    found: dict[str, tuple[Placed, ...]] = {
        file: (Placed(file, url),) for file, url in urls.items()
    }
    for family in known:
        faults = list(faults_of(family))
        draft.faults.extend(faults)
        if not faults:
            found.update(_of_family(draft, family, urls))
    return found


def _of_family(
    draft: Draft, family: Family, urls: Mapping[str, Pattern]
) -> Mapping[str, tuple[Placed, ...]]:
    own = {file: url for file, url in urls.items() if family_of((family,), file)}
    without = {name: version.without for name, version in draft.settings.by_version.items()}
    try:
        return placed(family, own, _inherits(draft.settings), without)
    except ProjectError as error:
        draft.faults.extend(error.faults)
        return {}


def _inherits(settings: Settings) -> dict[str, bool]:
    return {name: version.inherit for name, version in settings.by_version.items()}
