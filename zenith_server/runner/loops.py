"""The event loop of a worker: asyncio's own, or uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

from zenith_server.errors import Fault, ProjectError
from zenith_server.runner import engines
from zenith_server.settings import Settings

LoopName = Literal["asyncio", "uvloop"]
INSTALL = "pip install 'zenith-server[uvloop]'"


def choose(settings: Settings) -> LoopName:
    """Return the loop for the settings; `auto` is uvloop under Granian, where it is installed.

    Granian hands each request over from a thread, for which asyncio writes to a socket of its own.
    """
    choice = settings.server.loop
    if choice != "auto":
        return choice
    is_fit = engines.choose(settings) == "granian" and find_spec("uvloop")
    return "uvloop" if is_fit else "asyncio"


def maker(name: LoopName) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes such a loop.

    Raises:
        ProjectError: uvloop is not installed.
    """
    if name == "asyncio":
        return asyncio.new_event_loop
    try:
        import uvloop
    except ModuleNotFoundError as error:
        raise ProjectError(_missing()) from error
    return uvloop.new_event_loop


def _missing() -> Fault:
    return Fault(
        "uvloop is not installed",
        ("server.loop is uvloop",),
        fixes=(f"Install it: {INSTALL}", "Or leave the choice to the server: server.loop: auto."),
    )
