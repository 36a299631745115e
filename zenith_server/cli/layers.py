"""`zenith-server layers`: what stands around the handlers, and what is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenith_server.cli.findings import Findings
    from zenith_server.presets import Preset
    from zenith_server.settings import Settings


class Row(Struct, frozen=True):
    """One whole-app layer.

    Args:
        layer: its name.
        on: whether requests pass it.
        why: what decided that.
        about: what it is for.
    """

    layer: str
    on: bool
    why: str
    about: str


def layers(project: ProjectFolder = HERE, *, env: Env = None, json: AsJson = False) -> int:
    """List the layers around the app: which are on, and why."""
    from zenith_server.cli.findings import find, tell_faults

    findings = find(project, env)
    rows = _rows(findings)
    if json:
        print_json(rows)
    else:
        print_table(("LAYER", "STATE", "WHY", "ABOUT"), map(_cells, rows))
    return tell_faults(findings)


def _rows(findings: Findings) -> list[Row]:
    from zenith_server.presets import PRESETS

    plan = findings.plan
    idle = {each.name: each.reason for each in plan.idle}
    presets = [_preset(preset, findings.settings, idle) for preset in PRESETS]
    named = {row.layer for row in presets}
    others = [each for each in (*plan.hooks, *plan.layers) if each.name not in named]
    return [*presets, *(Row(each.name, True, str(each.origin), "") for each in others)]


def _preset(preset: Preset, settings: Settings, idle: Mapping[str, str]) -> Row:
    name = settings.environment.name
    if preset.layer in settings.layers:
        on, why = settings.layers[preset.layer], settings.origin(f"layers.{preset.layer}")
    else:
        on, why = name in preset.environments, f"default of {name}"
    if preset.layer in idle:
        why = f"{why}, but idle: {idle[preset.layer]}"
    return Row(preset.layer, on, why, preset.reason)


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.layer, "on" if row.on else "off", row.why, row.about
