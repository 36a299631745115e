"""`zenith-server db console`: the database's own client, with the project's address."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable

from zenith_server.database.databases import Databases
from zenith_server.errors import Fault, ProjectError
from zenith_server.plugin import Command, Plugin


class Console(Plugin):
    """Opens the client that comes with the database: psql, mysql or sqlite3."""

    name = "console"

    def commands(self) -> Iterable[Command]:
        """Return the command of the group `db`."""
        return (Command("db console", console),)


def console(name: str = "default", *, databases: Databases) -> int:
    """Open psql, mysql or sqlite3 on the project's database.

    Args:
        name: Which of the project's databases.
        databases: The project's databases.
    """
    from zenith_server.database.configured import refuse_unknown
    from zenith_server.database.console import PROGRAMS, client

    refuse_unknown(databases.settings, name)
    url = databases.get(name).url
    programs = PROGRAMS[url.backend]
    program = next(filter(None, map(shutil.which, programs)), None)
    if program is None:
        raise ProjectError(_missing(programs))
    started = client(url)
    # Ctrl-C is for the client: it cancels a statement and does not end the session.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        environment = {**os.environ, **started.variables}
        command = [program, *started.arguments]
        with subprocess.Popen(command, env=environment, restore_signals=True) as process:  # noqa: S603 - our own list
            return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _missing(programs: tuple[str, ...]) -> Fault:
    return Fault(
        f"{' and '.join(programs)} cannot be found",
        ("PATH",),
        "The console is the database's own client.",
        (f"Install {programs[0]}, or use another client.",),
    )
