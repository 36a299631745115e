"""The settings of a project for this process: its arguments, its variables, its terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from zenith_server.environment import detect, find_container
from zenith_server.settings.read import read_settings
from zenith_server.settings.value import Settings


def settings_of(
    project: Path,
    *,
    env: str | None = None,
    dev_command: bool = False,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings of a project folder for this process.

    Args:
        project: the folder; the current directory does not matter afterwards.
        env: the environment; detected if left out (see `detect`).
        dev_command: whether the command is `zenith-server dev`.
        options: settings from the command line by name; None counts as not given.

    Raises:
        ProjectError: with everything that is wrong with them.

    Example:
        >>> settings_of(Path("example_project"), env="production").environment.name
        'production'
    """
    environment = detect(
        flag=env,
        environ=os.environ,
        dev_command=dev_command,
        # A process without standard input has None here.
        interactive=sys.stdin is not None and sys.stdin.isatty(),  # pyright: ignore[reportUnnecessaryComparison]
        container=find_container(os.environ),
    )
    root = project.resolve()
    return read_settings(root, environment=environment, environ=os.environ, options=options)
