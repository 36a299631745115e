"""What the runner is given: which project code to call, with which settings, and for how long."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from zenith_server.settings import Settings

ReadSettings = Callable[[], Settings]
Facts = tuple[tuple[str, str], ...]


class Program(Struct, frozen=True):
    """The two functions that turn settings into a running app, as `module:name`.

    They are names, not functions, so that only a worker ever imports them.

    Args:
        boot: takes the settings and returns the ASGI app; the app may have `facts()`, rows for the
            banner, and `drain()`, called once when the worker has been told to stop.
        prepare: takes the settings and the app, runs once, in the first worker, before any serves,
            and returns further rows for the banner; raises to stop the start.
    """

    boot: str = "zenith_server.boot:boot"
    prepare: str = "zenith_server.boot:prepared"


class Limits(Struct, frozen=True):
    """How long the supervisor waits for what it cannot control, in seconds.

    Args:
        standby: how long the port may be silent at the start before a stand-in answers.
        reload_grace: how long requests of the old worker may go on after a reload.
        forced: what a worker gets beyond its grace before it is killed.
        steady: a worker that served this long has started well; earlier deaths count as failed.
        attempts: failed starts in a row, with no worker serving, after which the runner gives up.
        backoff: the longest pause between two attempts.
    """

    standby: float = 0.8
    reload_grace: float = 0.8
    forced: float = 0.65
    steady: float = 1.0
    attempts: int = 5
    backoff: float = 5.0
