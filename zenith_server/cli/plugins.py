"""`zenith-server plugins`: which features there are, where they come from, which are off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zenith_server.plugin import Plugin
    from zenith_server.settings import Settings


class Row(Struct, frozen=True):
    """One plugin.

    Args:
        name: its name.
        on: whether it takes part.
        origin: where it comes from.
        reason: why it is off, if it is.
        about: what it is, in a line.
    """

    name: str
    on: bool
    origin: str
    reason: str
    about: str


def plugins(project: ProjectFolder = HERE, *, env: Env = None, json: AsJson = False) -> int:
    """List the plugins in their order: which are on, and why."""
    from zenith_server.boot import plugins_of
    from zenith_server.cli.project import settings_in

    settings = settings_in(project, env)
    running = [_row(plugin) for plugin in plugins_of(settings)]
    rows = [*running, *_off(settings, {row.name for row in running})]
    if json:
        print_json(rows)
    else:
        print_table(("PLUGIN", "STATE", "FROM", "ABOUT"), map(_cells, rows))
    return 0


def _row(plugin: Plugin) -> Row:
    return Row(plugin.name, True, _origin(plugin), "", _about(plugin))


def _off(settings: Settings, running: set[str]) -> Iterator[Row]:
    from importlib.metadata import entry_points

    from zenith_server.builtin import GROUP, built_in

    for plugin in built_in():
        if plugin.name not in running:
            reason = f"its layer is off in {settings.environment.name}"
            yield Row(plugin.name, False, _origin(plugin), reason, _about(plugin))
    for entry in entry_points(group=GROUP):
        if entry.name not in settings.plugins:
            reason = f"zenith.yaml does not name it: plugins: [{entry.name}]"
            yield Row(entry.name, False, f"package {entry.value}", reason, "")


def _origin(plugin: Plugin) -> str:
    module = type(plugin).__module__
    if module.startswith("zenith_server."):
        return "built in"
    return f"project, {module}" if module.startswith("plugins.") else f"package {module}"


def _about(plugin: Plugin) -> str:
    return (type(plugin).__doc__ or "").strip().partition("\n")[0]


def _cells(row: Row) -> tuple[str, str, str, str]:
    state = "on" if row.on else "off"
    return row.name, state, row.origin, row.reason or row.about
