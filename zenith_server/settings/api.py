"""The settings of how an API is described, and of its versions."""

from __future__ import annotations

from datetime import date

from zenith_server.settings.keys import Section, key
from zenith_server.settings.kinds import address, day, patterns, text, truth, version


class Docs(Section, frozen=True):
    """The description of the API, and the page that shows it."""

    openapi: bool = key(
        truth(),
        False,
        "Whether /openapi.json describes the API.",
        by_environment={"development": True, "test": True},
    )
    ui: bool = key(
        truth(),
        False,
        "Whether /docs shows the description and lets people try it; needs zenith-server[docs].",
        by_environment={"development": True},
    )
    title: str | None = key(
        text(), None, "The name of the API; not set: the project's, or that of its folder."
    )
    version: str | None = key(
        text(), None, "The version of the API; not set: that in pyproject.toml, or else 0.1.0."
    )


class Versions(Section, frozen=True):
    """Which version of the API answers; each is a folder of routes, such as `routes/v2`."""

    default: str | None = key(
        version(),
        None,
        "The version of a URL that has none, where the header Api-Version has none either.",
    )


class Version(Section, frozen=True):
    """One version, below its name in `versions`."""

    deprecated: date | None = key(
        day(), None, "From when on it should not be used any more: the header Deprecation."
    )
    sunset: date | None = key(day(), None, "From when on it may be gone: the header Sunset.")
    link: str | None = key(
        address(),
        None,
        "Where people read about both: the header Link, with `deprecated` or `sunset`.",
    )
    inherit: bool = key(
        truth(), True, "Whether it answers what the version before it answers and it does not have."
    )
    without: tuple[str, ...] = key(
        patterns(), (), "URLs of the version before it that it leaves out, such as /users/{id}."
    )
