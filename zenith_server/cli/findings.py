"""What is in a project and what is wrong with it: the faults do not hide the rest."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from zenith_server.boot import build, injection_of, manifest_of, plugins_of
from zenith_server.builtin import built_in
from zenith_server.cli.output import complain
from zenith_server.cli.project import settings_in
from zenith_server.compile import draft_of
from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.inject import Injection
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.plugin import Plugin, in_order
from zenith_server.settings import Settings


class Findings(Struct, frozen=True):
    """What a look at a project found.

    Args:
        settings: its settings.
        plugins: the plugins that took part.
        manifest: its files.
        plan: what became of those without faults.
        injection: what handlers may ask for.
        faults: all that is wrong, as a start would report it.
    """

    settings: Settings
    plugins: tuple[Plugin, ...]
    manifest: Manifest
    plan: Plan
    injection: Injection
    faults: tuple[Fault, ...]

    def fault_at(self, relative: str) -> Fault | None:
        """Return what is wrong with one file, if something is."""
        return next((fault for fault in self.faults if relative in _files(fault)), None)

    @property
    def is_complete(self) -> bool:
        """Whether no file is at fault, so that the plan has all that the project has."""
        return not any(self.fault_at(file.relative) for file in self.manifest.files)


def tell_faults(findings: Findings) -> int:
    """Print what is wrong below a list, and return the exit code: 1 if the list lacks something.

    A fault that leaves the list as it is, such as a missing database, is only mentioned.
    """
    if not findings.is_complete:
        complain("\n" + "\n\n\n".join(map(str, findings.faults)))
        return 1
    if findings.faults:
        complain(f"\nIt would not start: {findings.faults[0].what}; see zenith-server check.")
    return 0


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
    if not any(_concerns_handlers(fault, manifest) for fault in faults):
        faults = (*faults, *_handler_faults(settings, plan))
    injection = injection_of(settings, plan)
    return Findings(settings, plugins, manifest, plan, injection, tuple(dict.fromkeys(faults)))


def _handler_faults(settings: Settings, plan: Plan) -> tuple[Fault, ...]:
    try:
        build(settings, plan)
    except ProjectError as error:
        return error.faults
    return ()


def _plugins(settings: Settings) -> tuple[tuple[Plugin, ...], tuple[Fault, ...]]:
    """The plugins; only those that came with the server if others cannot be had."""
    try:
        return plugins_of(settings), ()
    except ProjectError as error:
        return in_order(built_in()), error.faults


def _concerns_handlers(fault: Fault, manifest: Manifest) -> bool:
    """Whether a file is broken that handlers may ask for, so that they seem to be at fault too."""
    others = {file.relative for file in manifest.files if not file.relative.startswith("routes/")}
    return bool(others & _files(fault))


def _files(fault: Fault) -> set[str]:
    return {place.partition(":")[0] for place in fault.where}
