"""Versions of an API: folders of routes side by side, each laid over the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise

from msgspec import Struct

from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import ProjectFile
from zenith_server.names import VERSION, Pattern, Segment, is_group, natural, template

HEADER = "Api-Version"


class Family(Struct, frozen=True):
    """The versions that lie in one folder.

    Args:
        folder: the folder around them, such as `routes` or `routes/api`.
        names: their names, the oldest first.
    """

    folder: str
    names: tuple[str, ...]

    @property
    def base(self) -> Pattern:
        """The URL before the version."""
        parts = self.folder.split("/")[1:]
        return Pattern(tuple(Segment("static", part) for part in parts if not is_group(part)))

    def url(self, name: str) -> Pattern:
        """Return the URL of a version."""
        return self.base + Pattern((Segment("static", name),))

    def of(self, pattern: Pattern) -> str | None:
        """Return the version that a URL pattern belongs to."""
        depth = len(self.base.segments)
        if len(pattern.segments) <= depth or pattern.segments[:depth] != self.base.segments:
            return None
        segment = pattern.segments[depth]
        return segment.name if segment.kind == "static" and segment.name in self.names else None


class Placed(Struct, frozen=True):
    """A route file at one place where it answers.

    Args:
        relative: the file as if it lay in the version that it answers for.
        pattern: its URL there.
    """

    relative: str
    pattern: Pattern


def families(files: Iterable[ProjectFile]) -> tuple[Family, ...]:
    """Return the families of versions among the files of a project, those of `routes/` alone.

    Example:
        >>> families([ProjectFile("route", "routes/v1/users.py", "routes.v1.users")])
        (Family(folder='routes', names=('v1',)),)
    """
    found: dict[str, set[str]] = {}
    for file in files:
        place = _version_of(file.relative)
        if place is not None:
            found.setdefault(place[0], set()).add(place[1])
    return tuple(
        Family(folder, tuple(sorted(names, key=natural))) for folder, names in found.items()
    )


def faults_of(family: Family) -> Iterator[Fault]:
    """Yield what keeps the versions of a family from having an order."""
    numbered = [name for name in family.names if name.startswith("v")]
    dated = [name for name in family.names if not name.startswith("v")]
    if numbered and dated:
        yield _two_kinds(family, numbered[0], dated[0])
    yield from (_no_day(family, name) for name in dated if not _is_day(name))
    yield from (_padded(family, name) for name in numbered if name != f"v{int(name[1:])}")
    for older, newer in pairwise(numbered):
        if int(newer[1:]) > int(older[1:]) + 1:
            yield _gap(family, older, newer)


def older_than(family: Family, name: str, inherits: Mapping[str, bool]) -> str | None:
    """Return the version that one is laid over, if it is laid over one."""
    place = family.names.index(name)
    return family.names[place - 1] if place and inherits.get(name, True) else None


def placed(
    family: Family,
    urls: Mapping[str, Pattern],
    inherits: Mapping[str, bool],
    without: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[Placed, ...]]:
    """Return for each route file of a family where it answers.

    Args:
        family: the versions.
        urls: the URL of each route file, by its place in the project.
        inherits: whether a version is laid over the one before it; those left out are.
        without: URLs of the one before that a version leaves out.

    Raises:
        ProjectError: a URL that is left out and was not there.
    """
    found: dict[str, list[Placed]] = {}
    shown: dict[tuple[str, ...], tuple[str, str, Pattern]] = {}
    faults: list[Fault] = []
    for name in family.names:
        head = f"{family.folder}/{name}/"
        own = {file: url for file, url in urls.items() if file.startswith(head)}
        below = shown if older_than(family, name, inherits) else {}
        dropped = {template(text).shape: text for text in without.get(name, ())}
        faults += [_nothing_to_drop(name, text) for s, text in dropped.items() if s not in below]
        kept = {shape: one for shape, one in below.items() if shape not in dropped}
        mine = {
            inner.shape: (file, file.removeprefix(head), inner)
            for file, url in own.items()
            for inner in (_inner(family, url),)
        }
        shown = kept | mine
        for file, rest, inner in shown.values():
            found.setdefault(file, []).append(Placed(head + rest, family.url(name) + inner))
    if faults:
        raise ProjectError(*faults)
    return {file: tuple(places) for file, places in found.items()}


def family_of(known: Iterable[Family], relative: str) -> Family | None:
    """Return the family that a file belongs to."""
    place = _version_of(relative)
    return next((f for f in known if place is not None and f.folder == place[0]), None)


def _inner(family: Family, url: Pattern) -> Pattern:
    return Pattern(url.segments[len(family.base.segments) + 1 :])


def _version_of(relative: str) -> tuple[str, str] | None:
    """The folder around the first version folder of a path, and the version."""
    top, *folders, _ = relative.split("/")
    if top != "routes":
        return None
    for index, folder in enumerate(folders):
        if VERSION.fullmatch(folder):
            return "/".join((top, *folders[:index])), folder
        if folder.startswith("["):
            return None
    return None


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def _two_kinds(family: Family, number: str, day: str) -> Fault:
    return Fault(
        f"{family.folder} has versions with numbers and versions with days",
        (f"{family.folder}/{number}", f"{family.folder}/{day}"),
        "A version is laid over the one before it, and nothing says which of these comes first.",
        ("Rename the folders, so that all are numbers or all are days.",),
    )


def _no_day(family: Family, name: str) -> Fault:
    return Fault(
        f"{name} is not a day",
        (f"{family.folder}/{name}",),
        "A folder that is named like one is a version of the API, in the order of the calendar.",
        ("Correct the day, or rename the folder.",),
    )


def _padded(family: Family, name: str) -> Fault:
    return Fault(
        f"{name} is written with a zero before its number",
        (f"{family.folder}/{name}",),
        "It is part of the URL; v1 and v01 would be two versions of one number.",
        (f"Rename it to v{int(name[1:])}.",),
    )


def _gap(family: Family, older: str, newer: str) -> Fault:
    missing = f"v{int(older[1:]) + 1}"
    return Fault(
        f"{newer} follows {older}, and {missing} is missing",
        (f"{family.folder}/{older}", f"{family.folder}/{newer}"),
        f"{newer} is laid over the version before it, so what {missing} changed would be lost.",
        (f"Rename {newer} to {missing}.", f"Or restore {family.folder}/{missing}."),
    )


def _nothing_to_drop(name: str, text: str) -> Fault:
    return Fault(
        f"{name} leaves out {text}, which it does not inherit",
        (f"setting versions.{name}.without",),
        "It holds URLs of the version before it, below the version: /users, not /v1/users.",
        ("Correct the URL, or remove it.",),
    )
