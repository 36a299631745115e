"""Versions of the API: the one that a request asks for, and the headers of one that is leaving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from zenith_server.dispatch.paths import path_of
from zenith_server.draft import Draft
from zenith_server.errors import Fault, suggestion
from zenith_server.plugin import Plugin
from zenith_server.problems import BadRequest
from zenith_server.protocol import Headers, Message, Scope
from zenith_server.settings import Settings, Version
from zenith_server.versions import HEADER, Family, families

NAME = HEADER.lower().encode()
CHOSEN = "zenith.version"
Choose = Callable[[Scope, list[str]], "list[str] | None"]


class Versions(Plugin):
    """Looks for a URL without a version in the one of `Api-Version`, or of `versions.default`.

    The routes of the versions are those of the plugin `routes`.
    """

    name = "versions"

    def setup(self, draft: Draft) -> None:
        """Add what chooses, and the headers of RFC 9745 and RFC 8594."""
        settings = draft.settings
        known = families(draft.files("route"))
        draft.faults.extend(_unknown_versions(settings, known))
        if not known:
            return
        default = settings.versions.default
        # The longer base first: /api/users is of the versions in /api before those in /.
        for family in sorted(known, key=lambda family: -len(family.base.segments)):
            draft.choose(chooser(family, default if default in family.names else None))
        draft.hook(self.name, start=_start, reply=_reply(settings, known))
        names = dict.fromkeys(name for family in known for name in family.names)
        draft.fact("versions", lambda: ", ".join(_told(settings, name) for name in names))


def chooser(family: Family, default: str | None) -> Choose:
    """Return what leads a path without a version to one.

    Args:
        family: the versions.
        default: the version of a request that names none.
    """
    base = [segment.name for segment in family.base.segments]
    depth = len(base)

    def choose(scope: Scope, segments: list[str]) -> list[str] | None:
        if segments[:depth] != base or segments[depth : depth + 1] in named:
            return None
        name = _asked(scope, family.names) or default
        if name is None:
            return None
        scope.get(CHOSEN, []).append(name)
        return [*base, name, *segments[depth:]]

    named = [[name] for name in family.names]
    return choose


def headers_of(version: Version) -> Headers:
    """Return what tells clients that a version is leaving.

    Example:
        >>> headers_of(Version(deprecated=date(2026, 11, 1)))
        [(b'deprecation', b'@1793491200')]
    """
    days = {"deprecation": version.deprecated, "sunset": version.sunset}
    told = {name: day for name, day in days.items() if day is not None}
    dates = [(name.encode(), _WRITTEN[name](_midnight(day))) for name, day in told.items()]
    links = [(b"link", f'<{version.link}>; rel="{name}"'.encode()) for name in told]
    return [*dates, *(links if version.link else [])]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_WRITTEN: dict[str, Callable[[datetime], bytes]] = {
    "deprecation": lambda when: b"@%d" % int(when.timestamp()),
    "sunset": lambda when: format_datetime(when, usegmt=True).encode(),
}


def _asked(scope: Scope, names: tuple[str, ...]) -> str | None:
    given = {value for name, value in scope["headers"] if name == NAME}
    if not given:
        return None
    asked = b", ".join(sorted(given)).decode("latin-1").strip()
    if asked not in names:
        known = ", ".join(names)
        detail = f"{HEADER} names no version of this API; there are {known}"
        raise BadRequest(detail, versions=list(names))
    return asked


def _start(scope: Scope) -> None:
    # A list, because layers copy the scope and all copies must see the same.
    scope[CHOSEN] = []


def _reply(
    settings: Settings, known: tuple[Family, ...]
) -> Callable[[Scope, Message, Headers], None]:
    leaving = {
        name: headers
        for name, version in settings.by_version.items()
        if (headers := headers_of(version))
    }
    bases = [(len(family.base.segments) + 1, family) for family in known]

    def named(scope: Scope) -> str:
        parts = path_of(scope).split("/")
        for depth, family in bases:
            below = parts[1:depth] == [segment.name for segment in family.base.segments]
            if below and len(parts) > depth and parts[depth] in family.names:
                return parts[depth]
        return ""

    def reply(scope: Scope, _: Message, headers: Headers) -> None:
        chosen: list[str] = scope[CHOSEN]
        if chosen:
            # A cache must not hand the answer of one version to who asks for another.
            headers += [(NAME, chosen[0].encode()), (b"vary", NAME)]
        if leaving:
            headers += leaving.get(chosen[0] if chosen else named(scope), ())

    return reply


def _told(settings: Settings, name: str) -> str:
    version = settings.by_version.get(name, Version())
    notes = [
        *(["default"] if name == settings.versions.default else []),
        *([f"deprecated {version.deprecated}"] if version.deprecated else []),
        *([f"ends {version.sunset}"] if version.sunset else []),
    ]
    return f"{name} ({', '.join(notes)})" if notes else name


def _unknown_versions(settings: Settings, known: tuple[Family, ...]) -> Iterator[Fault]:
    names = dict.fromkeys(name for family in known for name in family.names)
    asked = {name: _first_origin(settings, name) for name in settings.by_version}
    if settings.versions.default is not None:
        asked[settings.versions.default] = settings.origin("versions.default")
    for name, origin in asked.items():
        if name not in names:
            yield _unknown(name, origin, tuple(names))


def _first_origin(settings: Settings, name: str) -> str:
    head = f"versions.{name}."
    return next(givens[0].origin for key, givens in settings.givens.items() if key.startswith(head))


def _unknown(name: str, origin: str, names: tuple[str, ...]) -> Fault:
    folders = ", ".join(names) or "none"
    return Fault(
        f"There is no version {name} of this API.{suggestion(name, names)}",
        (origin,),
        f"A version is a folder of routes, such as routes/{name}. There are: {folders}.",
        ("Correct the name.", f"Or make the folder routes/{name}."),
    )
