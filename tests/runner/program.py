"""A program for the runner: a project is a file `app.py`, with `prepare.py` beside it at will."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import msgspec

from zenith_server.environment import Environment, EnvironmentName
from zenith_server.runner.program import Facts, Program
from zenith_server.settings import Connections, Server, Settings

BOOT = Program("tests.runner.program:boot", "tests.runner.program:prepare")
QUICK = Server(port=0, lame_duck=0.0, grace=5.0, engine="hypercorn")


def boot(settings: Settings) -> Any:
    """Import the project's `app.py` and return its `app`."""
    sys.path.insert(0, str(settings.root))
    return import_module("app").app


def prepare(settings: Settings, _app: object) -> Facts:
    """Run the project's `prepare.py`, if it has one, and return its rows."""
    if not (settings.root / "prepare.py").exists():
        return ()
    return import_module("prepare").prepare(settings)


def settings_from(root: Path, options: Mapping[str, object]) -> Settings:
    """Return settings with the environment and keys of `server` and `connections` from options."""
    name = cast("EnvironmentName", options.get("environment", "production"))
    environment = Environment(name, "from the test")
    server = msgspec.structs.replace(QUICK, **_of(Server, options))
    connections = Connections(**_of(Connections, options))
    return Settings(root, environment, server, connections=connections)


def _of(section: type[Any], options: Mapping[str, object]) -> Any:
    fields = set(section.__struct_fields__)
    return {name: value for name, value in options.items() if name in fields}
