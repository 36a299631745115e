"""A PgBouncer of the test's own, which pools by transaction."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers import (
    CONNECT_FAULTS,
    START_TIMEOUT,
    ServerMissing,
    fetch_value,
    free_port,
    postgres_user,
    run_apart,
    stop_postgres,
)

PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
SETTINGS = """
[databases]
* = host={host} port={port} user={user} {password}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listening}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
"""


@contextmanager
def pgbouncer(url: str, size: int = 4) -> Iterator[str]:
    """Start one before a PostgreSQL, and give the URL of the same database through it.

    Args:
        url: the database.
        size: how many connections to it all clients share.

    Raises:
        ServerMissing: PgBouncer is not installed.
    """
    program = shutil.which("pgbouncer", path=PLACES)
    if program is None:
        raise ServerMissing("pgbouncer is not on PATH")
    folder, user, listening = (
        Path(tempfile.mkdtemp(prefix="zenith-pgb-")),
        postgres_user(),
        free_port(),
    )
    server = urlsplit(url)
    password = f"password={server.password}" if server.password else ""
    settings = SETTINGS.format(
        host=server.hostname, port=server.port or 5432, user=server.username,
        password=password, listening=listening, size=size,
    )  # fmt: skip
    (folder / "pgbouncer.ini").write_text(settings)
    user = postgres_user()
    who: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}
    command = [program, folder / "pgbouncer.ini"]
    folder.chmod(0o755)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen[bytes](command, stderr=log, stdout=log, **who)
    try:
        through = server._replace(netloc=f"{server.username}@127.0.0.1:{listening}").geturl()
        yield wait_for(process, through, folder / "log")
    finally:
        stop_postgres(process, signal.SIGINT)
        shutil.rmtree(folder)


def wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    """Return the URL once it answers; raise ServerMissing when it ends or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            run_apart(fetch_value(url, "SELECT 1"))
        except CONNECT_FAULTS:
            time.sleep(0.1)
        else:
            return url
    raise ServerMissing(f"PgBouncer did not start: {log.read_text()[-2000:]}")
