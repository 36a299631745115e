"""Which plugins there are, in the order in which they run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.plugin import Plugin
from zenith_server.presets import PRESETS

if TYPE_CHECKING:
    from zenith_server.declared import Declarations

GROUP = "zenith_server.plugins"

BUILT_IN = (
    "requests:Requests",
    "services:Services",
    "routes:Routes",
    "versions:Versions",
    "middleware:Middleware",
    "database:Database",
    "migrations:Migrations",
    "models:Models",
    "health:Health",
    "openapi:OpenAPI",
    "client:Client",
    "docs:Docs",
    "errors:Errors",
    "console:Console",
    "doctor:Doctor",
)
# The first of a group of commands says what the group is for.
WITH_COMMANDS = (
    "migrations:Migrations",
    "console:Console",
    "doctor:Doctor",
    "openapi:OpenAPI",
    "client:Client",
)


def built_in(declared: Declarations | None = None) -> tuple[Plugin, ...]:
    """Return the plugins that come with the server: the layers, the features, then `app.py`."""
    from zenith_server.plugins.app import App

    return (*(_made(place) for place in _places()), App(declared))


def modules() -> list[str]:
    """Return the modules that the built-in plugins are in."""
    return [_module(place) for place in (*_places(), "app:App")]


def _places() -> tuple[str, ...]:
    layers = (f"layers.{preset.layer}:{_class_name(preset.layer)}" for preset in PRESETS)
    return (*layers, *BUILT_IN)


def with_commands() -> tuple[Plugin, ...]:
    """Return those built-in plugins that have commands, without importing the others."""
    return tuple(_made(place) for place in WITH_COMMANDS)


def installed(names: tuple[str, ...]) -> tuple[Plugin, ...]:
    """Return the plugins of installed packages that the settings name.

    Raises:
        ProjectError: a name that no package has.
    """
    if not names:
        return ()
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    faults = [_unknown(name, tuple(found)) for name in names if name not in found]
    if faults:
        raise ProjectError(*faults)
    return tuple(cast("type[Plugin]", found[name].load())() for name in names)


def _made(place: str) -> Plugin:
    name = place.partition(":")[2]
    return cast("Plugin", getattr(import_module(_module(place)), name)())


def _module(place: str) -> str:
    return f"zenith_server.plugins.{place.partition(':')[0]}"


def _class_name(layer: str) -> str:
    return "".join(word.capitalize() for word in layer.split("_"))


def _unknown(name: str, known: tuple[str, ...]) -> Fault:
    return Fault(
        f'There is no plugin "{name}".{suggestion(name, known)}',
        ("setting plugins",),
        f"Installed plugins: {', '.join(sorted(known)) or 'none'}; the project's own are files in "
        "plugins/.",
        (f"Install the package that has it, or remove {name} from plugins.",),
    )
