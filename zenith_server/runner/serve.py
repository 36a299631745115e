"""Serving a project, from its settings to the exit code."""

from __future__ import annotations

import asyncio
import os
import time

from zenith_server.errors import ProjectError
from zenith_server.runner import tls
from zenith_server.runner.banner import Report
from zenith_server.runner.exits import Exit
from zenith_server.runner.listener import open_listener
from zenith_server.runner.program import Limits, Program, ReadSettings
from zenith_server.runner.sockets import AddressError, remove
from zenith_server.runner.supervisor import Supervisor


def serve(
    read_settings: ReadSettings,
    *,
    report: Report,
    program: Program | None = None,
    limits: Limits | None = None,
    started: float | None = None,
) -> Exit:
    """Serve a project until told to stop.

    Args:
        read_settings: reads the settings; called again for every reload.
        report: where to say what happens.
        program: the functions that make the app; those of `zenith_server.boot` by default.
        limits: how long to wait for what.
        started: when the command was started, on the monotonic clock; now by default.

    Returns:
        The exit code; every failure has been reported.

    Example:
        >>> sys.exit(serve(lambda: settings, report=Report(person=True)))  # doctest: +SKIP
    """
    started = time.monotonic() if started is None else started
    try:
        settings = read_settings()
        unwise = [*settings.warnings, *tls.warnings(settings)]
        listener = open_listener(settings, os.environ)
    except ProjectError as error:
        report.failed(str(error))
        return Exit.ADDRESS if isinstance(error, AddressError) else Exit.PROJECT
    for warning in unwise:
        report.warned(warning)
    with listener:
        supervisor = Supervisor(
            listener,
            settings,
            read_settings,
            report,
            program=program or Program(),
            limits=limits or Limits(),
            started=started,
        )
        try:
            return asyncio.run(supervisor.run())
        finally:
            if (settings.server.bind or "").startswith("unix:"):
                remove(listener)
