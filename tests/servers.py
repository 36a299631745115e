"""Servers that tests talk to: those that already listen, or a private PostgreSQL of their own."""

from __future__ import annotations

import asyncio
import getpass
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

T = TypeVar("T")

POSTGRES_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
UNPRIVILEGED_USERS = ("postgres", "nobody")
CONNECT_FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
START_TIMEOUT = 60.0
THROWN_AWAY = ("--fsync=off", "--full_page_writes=off", "--synchronous_commit=off")


class ServerMissing(Exception):
    """No server of this kind can be used here; the text says why."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL that tests may make databases on.

    Args:
        url: `postgresql://…/database` of a role that may create databases.
    """

    url: str = field(repr=False)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make a database with a name of its own, hand out its URL, drop it afterwards."""
        name = f"zenith_test_{os.getpid()}_{secrets.token_hex(6)}"
        self.run(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        finally:
            self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Run one statement on the server's own database."""
        run_apart(fetch_value(self.url, statement))


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop and thread of its own, whether or not a loop runs here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def fetch_value(url: str, statement: str) -> Any:
    """Run one statement on a new connection and return the first value of its first row."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Find a PostgreSQL: the one named, one that listens, or a private one started for us.

    Raises:
        ServerMissing: there is none, and none can be started.
    """
    named = os.environ.get("ZENITH_TEST_POSTGRES_URL")
    url = named or listening_postgres()
    with ExitStack() as stack:
        yield PostgresServer(url or stack.enter_context(private_postgres()))


def listening_postgres() -> str | None:
    """Return the URL of a PostgreSQL on the standard port that lets us create databases."""
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        for credentials in (user, f"{user}:postgres"):
            url = f"postgresql://{credentials}@127.0.0.1:5432/postgres"
            if may_create_databases(url):
                return url
    return None


def may_create_databases(url: str) -> bool:
    """Tell whether a connection with this URL works and its role may create databases."""
    question = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    try:
        return bool(run_apart(fetch_value(url, question)))
    except CONNECT_FAULTS:
        return False


@contextmanager
def private_postgres() -> Iterator[str]:
    """Start a PostgreSQL in a temporary folder, on a socket there and a free loopback port."""
    with private_cluster(THROWN_AWAY) as cluster:
        yield cluster.url


@contextmanager
def private_cluster(options: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """Make a cluster with a random password and serve it; it may be stopped and started again."""
    programs, user = postgres_programs(), postgres_user()
    folder = Path(tempfile.mkdtemp(prefix="zenith-pg-", dir="/tmp"))  # socket paths are short
    cluster = Cluster(programs, folder, user, free_port(), secrets.token_hex(16), options)
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@dataclass
class Cluster:
    """A PostgreSQL of our own.

    Args:
        programs: the folder of initdb and postgres.
        folder: where everything of it lies.
        user: whom to run it as, if not ourselves.
        port: on the loopback interface.
        password: of the role postgres.
        options: more of them for the server.
    """

    programs: Path
    folder: Path
    user: pwd.struct_passwd | None
    port: int
    password: str = field(repr=False)
    options: tuple[str, ...] = ()
    server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Write an empty cluster into the folder."""
        if self.user is not None:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        (self.folder / "password").write_text(self.password)
        (self.folder / "password").chmod(0o644)  # the folder itself is private
        with self._files() as files:
            subprocess.run(initdb_command(self.programs, self.folder), check=True, **files)

    def start(self) -> None:
        """Serve it, and return once it answers."""
        command = postgres_command(self.programs, self.folder, self.port)
        with self._files() as files:
            self.server = subprocess.Popen[bytes](
                [*command, *self.options], start_new_session=True, **files
            )
        wait_for_postgres(self.server, self.url, self.folder / "log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is a fast shutdown, SIGQUIT one that has to be recovered from."""
        if self.server is not None:
            stop_postgres(self.server, how)

    @contextmanager
    def _files(self) -> Iterator[dict[str, Any]]:
        who = {} if self.user is None else {"user": self.user.pw_uid, "group": self.user.pw_gid}
        with (self.folder / "log").open("ab") as log:
            yield {"cwd": self.folder, "stdout": log, "stderr": log, **who}


def postgres_programs() -> Path:
    """Return the folder that holds initdb and postgres, the newest version first."""
    found = [folder for pattern in POSTGRES_FOLDERS for folder in Path("/").glob(pattern)]
    found.sort(key=lambda folder: [int(n) for n in "".join(_digits(folder)).split()], reverse=True)
    on_path = shutil.which("initdb")
    for folder in [Path(on_path).resolve().parent, *found] if on_path else found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServerMissing("nothing usable listens on 127.0.0.1:5432 and no initdb was found")


def _digits(folder: Path) -> Iterator[str]:
    return (character if character.isdigit() else " " for character in str(folder))


def postgres_user() -> pwd.struct_passwd | None:
    """Return whom to run PostgreSQL as: ourselves (None), or, as root, somebody without rights."""
    if os.getuid() != 0:
        return None
    for name in UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissing("PostgreSQL does not run as root and there is no user to run it as")


def initdb_command(programs: Path, folder: Path) -> list[str]:
    """Return the command that makes a cluster for throw-away data."""
    return [
        f"{programs}/initdb",
        f"--pgdata={folder}/data",
        "--username=postgres",
        f"--pwfile={folder}/password",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]


def postgres_command(programs: Path, folder: Path, port: int) -> list[str]:
    """Return the command that serves it, on the loopback interface and a socket."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [f"{programs}/postgres", "-D", f"{folder}/data", *options]


def wait_for_postgres(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return once it answers; raise ServerMissing with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        if may_create_databases(url):
            return
        time.sleep(0.1)
    raise ServerMissing(f"a private PostgreSQL did not start: {log.read_text()[-2000:]}")


def stop_postgres(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Ask it to end, then insist."""
    server.send_signal(how)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def redis() -> str:
    """Return the URL of a Redis: the one named, or one that listens on the standard port.

    Tests share it with whoever else uses it: they prefix every key with a name of their own.

    Raises:
        ServerMissing: there is none.
    """
    named = os.environ.get("ZENITH_TEST_REDIS_URL")
    if named:
        return named
    try:
        with socket.create_connection(("127.0.0.1", 6379), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
    except OSError as fault:
        raise ServerMissing(f"nothing listens on 127.0.0.1:6379 ({fault})") from fault
    if not answer.startswith(b"+PONG"):
        raise ServerMissing(f"127.0.0.1:6379 answered PING with {answer!r}")
    return "redis://127.0.0.1:6379/0"


def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
