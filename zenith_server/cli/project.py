"""The project that a command is about."""

from __future__ import annotations

from pathlib import Path

from zenith_server.scan import check_folder
from zenith_server.settings import Settings, settings_of


def settings_in(project: Path, env: str | None = None) -> Settings:
    """Return the settings of a folder that is there.

    Args:
        project: the folder.
        env: the environment; detected if left out.

    Raises:
        ProjectError: there is no such folder, or its settings are faulty.

    Example:
        >>> settings_in(Path("example_project")).server.port
        8000
    """
    check_folder(project.resolve())
    return settings_of(project, env=env)
