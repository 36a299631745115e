"""The door for any ASGI server: `uvicorn zenith_server.asgi:app` with ZENITH_PROJECT set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from zenith_server.boot import boot
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.errors import Fault, ProjectError
from zenith_server.load import take_back_variables
from zenith_server.logs import configure
from zenith_server.settings import settings_of


def create_app(project: str | Path, *, env: str | None = None) -> Dispatcher:
    """Return the ASGI app of a project folder.

    Args:
        project: the folder.
        env: the environment; detected as on the command line if left out.

    Raises:
        ProjectError: everything that is wrong with the project.

    Example:
        >>> app = create_app("./example_project")
    """
    take_back_variables()
    return boot(settings_of(Path(project), env=env))


def __getattr__(name: str) -> Any:
    """Make `app` when somebody asks for it, so that importing the module needs no project."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    project = os.environ.get("ZENITH_PROJECT")
    if not project:
        raise ProjectError(
            Fault(
                "ZENITH_PROJECT is not set",
                ("zenith_server.asgi:app",),
                "The app is that of a project folder, and nothing says which.",
                ("Set ZENITH_PROJECT=./project.",),
            )
        )
    take_back_variables()
    settings = settings_of(Path(project))
    configure(settings.logging)
    app = globals()["app"] = boot(settings)
    return app
