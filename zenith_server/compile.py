"""Settings, manifest and plugins in; the plan out."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.draft import Draft
from zenith_server.errors import ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.plugin import Plugin
from zenith_server.settings import Settings


def compile_plan(settings: Settings, manifest: Manifest, plugins: Iterable[Plugin]) -> Plan:
    """Let each plugin add its part in turn, and freeze what they made.

    Args:
        settings: the values of this start.
        manifest: the project's files; the project was entered (see `load.enter`).
        plugins: in the order in which they run.

    Raises:
        ProjectError: everything that is wrong with the project, at once.

    Example:
        >>> plan = compile_plan(settings, manifest, plugins)
        >>> [str(route.pattern) for route in plan.routes]
    """
    return draft_of(settings, manifest, plugins).freeze()


def draft_of(settings: Settings, manifest: Manifest, plugins: Iterable[Plugin]) -> Draft:
    """Return what the plugins made, with its faults, before it is frozen."""
    draft = Draft(settings, manifest, faults=list(manifest.faults))
    for plugin in plugins:
        draft.plugin = plugin.name
        try:
            plugin.setup(draft)
        except ProjectError as error:
            draft.faults.extend(error.faults)
    return draft
