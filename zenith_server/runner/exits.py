"""The exit codes of `zenith-server`; 0 is only ever a clean stop."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Why the process ended.

    STOPPED: asked to stop (SIGTERM, SIGINT, Ctrl-C), and every worker ended by itself.
    PROJECT: the project cannot start: its settings, its code or its migrations are at fault.
    USAGE: the command line was not understood.
    CRASHED: workers died one after another and none could be kept alive.
    ADDRESS: the address cannot be listened on: taken, not permitted or not ours.
    FORCED: asked to stop, and a worker had to be killed because it missed its deadline.
    """

    STOPPED = 0
    PROJECT = 1
    USAGE = 2
    CRASHED = 3
    ADDRESS = 4
    FORCED = 5
