"""A MySQL or MariaDB for tests: one that listens on the standard port, or a private MariaDB."""

from __future__ import annotations

import getpass
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.servers import START_TIMEOUT, ServerMissing, free_port, run_apart, stop_postgres
from zenith_server.database.engines import Database

LISTENING = "mysql://root@127.0.0.1:3306"
PROGRAMS = ("mariadbd", "mariadb-install-db")


@dataclass(frozen=True, slots=True)
class MySQLServer:
    """A server that tests may make databases on.

    Args:
        url: `mysql://…:port` of a user who may make databases.
    """

    url: str = field(repr=False)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make a database with a name of its own, hand out its URL, drop it afterwards."""
        name = f"zenith_test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield f"{self.url}/{name}"
        finally:
            self.run(f"DROP DATABASE {name}")

    def run(self, statement: str) -> None:
        """Run one statement on the server's own database."""
        run_apart(first_value(f"{self.url}/mysql", statement))


async def first_value(url: str, statement: str) -> Any:
    """Run one statement on a new connection and return the first value of its first row."""
    async with Database(url).lifespan() as database, database.engine().begin() as connection:
        found = await connection.execute(text(statement))
        return found.scalar() if found.returns_rows else None


@contextmanager
def mysql() -> Iterator[MySQLServer]:
    """Find a server: the one named, one that listens, or a private one started for us.

    Raises:
        ServerMissing: there is none, and none can be started.
    """
    if importlib.util.find_spec("asyncmy") is None:
        raise ServerMissing("asyncmy is not installed")
    named = os.environ.get("ZENITH_TEST_MYSQL_URL")
    with ExitStack() as stack:
        listening = LISTENING if answers(LISTENING) else None
        yield MySQLServer(named or listening or stack.enter_context(private_mariadb()))


def answers(url: str) -> bool:
    """Tell whether we may make databases there."""
    try:
        return bool(run_apart(first_value(f"{url}/mysql", "SELECT 1")))
    except (SQLAlchemyError, OSError):
        return False


@contextmanager
def private_mariadb() -> Iterator[str]:
    """Start a MariaDB in a temporary folder, on a free loopback port."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise ServerMissing(
            f"nothing usable listens on 127.0.0.1:3306 and there is no {missing[0]}"
        )
    folder, port = Path(tempfile.mkdtemp(prefix="zenith-my-", dir="/tmp")), free_port()
    user = "mysql" if os.getuid() == 0 else getpass.getuser()
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    common = ["--no-defaults", f"--datadir={folder}/data", f"--user={user}"]
    install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"]
    serve = ["mariadbd", *common, f"--port={port}", f"--socket={folder}/socket"]
    with (folder / "log").open("wb") as log:
        subprocess.run(install, check=True, stdout=log, stderr=log)
        server = subprocess.Popen([*serve, "--bind-address=127.0.0.1"], stdout=log, stderr=log)
    try:
        yield wait_for(server, f"mysql://root@127.0.0.1:{port}", folder / "log")
    finally:
        stop_postgres(server, signal.SIGTERM)
        shutil.rmtree(folder)


def wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> str:
    """Return the URL once it answers; raise ServerMissing when it ends or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        if answers(url):
            return url
        time.sleep(0.1)
    raise ServerMissing(f"a private MariaDB did not start: {log.read_text()[-2000:]}")
