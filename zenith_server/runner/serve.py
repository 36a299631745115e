"""Serving a project, from its settings to the exit code."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import ExitStack

from zenith_server.errors import ProjectError
from zenith_server.runner import http3, tls
from zenith_server.runner.banner import Report
from zenith_server.runner.exits import Exit
from zenith_server.runner.listener import open_listener
from zenith_server.runner.program import Limits, Program, ReadSettings
from zenith_server.runner.sockets import AddressError, remove
from zenith_server.runner.supervisor import Supervisor
from zenith_server.settings import Settings


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
        http3.check(settings)
        sockets = _open(settings)
    except ProjectError as error:
        report.failed(str(error))
        return Exit.ADDRESS if isinstance(error, AddressError) else Exit.PROJECT
    for warning in unwise:
        report.warned(warning)
    with ExitStack() as opened:
        for each in sockets:
            opened.enter_context(each)
        supervisor = Supervisor(
            sockets,
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
                remove(sockets[0])


def _open(settings: Settings) -> list[socket.socket]:
    """Open the socket that connections come by, and that for datagrams where there is one."""
    listener = open_listener(settings, os.environ)
    try:
        return [listener, *http3.open_sockets(listener, settings)]
    except ProjectError:
        listener.close()
        raise
