"""What every worker needs, whatever the project is: importing this module imports it all."""

from __future__ import annotations

from importlib import import_module

from zenith_server.builtin import modules

_OTHERS = ("zenith_server.boot", "zenith_server.runner.worker", "starlette.formparsers")

for name in (*_OTHERS, *modules()):
    import_module(name)
