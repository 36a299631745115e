"""What the commands that serve do once their words are understood."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zenith_server.settings import Settings


def serve_project(
    project: Path,
    options: Mapping[str, object],
    *,
    env: str | None,
    dev: bool,
    started: float | None,
) -> int:
    """Serve a project and return the exit code.

    Args:
        project: its folder.
        options: settings of the section `server`, by name; None where nothing is said.
        env: the environment, if one is named.
        dev: whether it is development where none is.
        started: when the command was started, on the monotonic clock.

    Raises:
        ProjectError: there is no such folder, or nothing in it.
    """
    from zenith_server.runner.banner import Report
    from zenith_server.runner.serve import serve
    from zenith_server.scan import check_folder
    from zenith_server.settings import settings_of

    root = project.resolve()
    check_folder(root)
    given = {f"server.{name}": value for name, value in options.items()}

    def read_settings() -> Settings:
        return settings_of(root, env=env, dev_command=dev, options=given)

    if _is_bare(root):
        _look_for_files(read_settings())
    report = Report(person=sys.stderr.isatty())
    return serve(read_settings, report=report, started=started)


def _is_bare(root: Path) -> bool:
    """Whether a folder has neither folders nor Python files, and so nothing to be mended."""
    with os.scandir(root) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return not any(entry.is_dir() or entry.name.endswith(".py") for entry in visible)


def _look_for_files(settings: Settings) -> None:
    """Refuse a folder without any file that has a part to play, and say what was looked for."""
    from zenith_server.boot import manifest_of, plugins_of

    manifest_of(settings, plugins_of(settings))
