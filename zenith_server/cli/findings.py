"""What is in a project and what is wrong with it: the faults do not hide the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zenith_server.boot import build, manifest_of, plugins_of
from zenith_server.builtin import built_in
from zenith_server.cli.project import settings_in
from zenith_server.compile import draft_of
from zenith_server.dispatch import Dispatcher
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.plugin import Plugin, in_order
from zenith_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look at a project found.

    Args:
        settings: its settings.
        plugins: the plugins that took part.
        manifest: its files.
        plan: what became of those without faults.
        faults: all that is wrong, as a start would report it.
        app: the app, where nothing is wrong.
    """

    settings: Settings
    plugins: tuple[Plugin, ...]
    manifest: Manifest
    plan: Plan
    faults: tuple[Fault, ...]
    app: Dispatcher | None

    def fault_at(self, relative: str) -> Fault | None:
        """Return what is wrong with one file, if something is."""
        return next((fault for fault in self.faults if relative in _files(fault)), None)


def find(project: Path, env: str | None = None) -> Findings:
    """Look at everything in a project.

    Raises:
        ProjectError: nothing can be looked at: no folder, no files, faulty settings.
    """
    settings = settings_in(project, env)
    plugins, faults = _plugins(settings)
    manifest = manifest_of(settings, plugins)
    draft = draft_of(settings, manifest, plugins)
    plan = draft.plan()
    faults = (*faults, *draft.all_faults())
    app = None
    if all(_is_route(fault, manifest) for fault in faults):
        try:
            app = build(settings, plan)
        except ProjectError as error:
            faults = (*faults, *error.faults)
    faults = tuple(dict.fromkeys(faults))
    return Findings(settings, plugins, manifest, plan, faults, None if faults else app)


def _plugins(settings: Settings) -> tuple[tuple[Plugin, ...], tuple[Fault, ...]]:
    """The plugins; only those that came with the server if others cannot be had."""
    try:
        return plugins_of(settings), ()
    except ProjectError as error:
        return in_order(built_in()), error.faults


def _is_route(fault: Fault, manifest: Manifest) -> bool:
    """Whether only routes miss something: other files are what handlers ask for."""
    others = {file.relative for file in manifest.files if not file.relative.startswith("routes/")}
    return not others & _files(fault)


def _files(fault: Fault) -> set[str]:
    return {place.partition(":")[0] for place in fault.where}
