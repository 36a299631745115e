"""Fixtures that all tests share, and the last word on what could not be tested."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Protocol

import pytest

from tests import mysql, servers
from tests.browser import BROWSERS, find_browser
from tests.commands import Command, commands
from tests.processes import Process
from tests.projects import write_project
from tests.served import Served, served
from zenith_server.environment import EnvironmentName

MISSING = "no server: "
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


class ZenithStarter(Protocol):
    """The type of the fixture `zenith`."""

    def __call__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        wait: bool = True,
    ) -> Process:
        """Start `zenith-server` with these arguments."""
        ...


class Server(Protocol):
    """The type of the fixture `serve`."""

    async def __call__(
        self,
        files: Mapping[str, str],
        environment: EnvironmentName = "test",
        environ: Mapping[str, str] | None = None,
    ) -> Served:
        """Serve a project with these files in this process."""
        ...


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Return a function that writes a project from `{file: text}` and returns its folder."""
    return lambda files: write_project(tmp_path / "project", files)


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Server]:
    """Return a function that serves a project from `{file: text}`; its lifespan ends afterwards."""
    running: list[Served] = []

    async def start(
        files: Mapping[str, str],
        environment: EnvironmentName = "test",
        environ: Mapping[str, str] | None = None,
    ) -> Served:
        folder = write_project(tmp_path / "project", files)
        running.append(await served(folder, environment, environ))
        return running[-1]

    yield start
    for app in reversed(running):
        await app.stop()


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Return a function that runs `zenith-server` in this process, in the environment `test`."""
    with commands(tmp_path, monkeypatch, capsys) as run:
        yield run


@pytest.fixture
def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing listens on just now."""
    return servers.free_port()


@pytest.fixture
def zenith(tmp_path: Path) -> Iterator[ZenithStarter]:
    """Return a function that starts `zenith-server` as a process; all are stopped afterwards.

    It returns once the address in the banner accepts connections; with `wait=False` at once.
    Without `--port` among the arguments, or PORT in `env`, a free port is chosen.
    """
    with ExitStack() as stack:

        def start(
            *arguments: str | Path,
            env: Mapping[str, str] | None = None,
            wait: bool = True,
        ) -> Process:
            # Nobody balances loads here: a stop need not wait for that.
            quick = {"PORT": str(servers.free_port()), "ZENITH_SERVER__LAME_DUCK": "0"}
            variables = {**quick, **(env or {})}
            process = Process(*arguments, env=variables, cwd=tmp_path)
            stack.callback(process.stop)
            return process.wait_until_serves() if wait else process

        yield start


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """Return a PostgreSQL; without one the test is skipped, in CI it fails."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.postgres())
        except servers.ServerMissing as fault:
            missing("PostgreSQL", fault)
        yield server


@pytest.fixture
def new_postgres_url(postgres_server: servers.PostgresServer) -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database; all are dropped after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(postgres_server.database())


@pytest.fixture
def postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """Return the URL of an empty database of this test's own."""
    return new_postgres_url()


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[mysql.MySQLServer]:
    """Return a MySQL or MariaDB; without one the test is skipped, in CI it fails."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(mysql.mysql())
        except servers.ServerMissing as fault:
            missing("MySQL or MariaDB", fault)
        yield server


@pytest.fixture
def new_mysql_url(mysql_server: mysql.MySQLServer) -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database; all are dropped after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(mysql_server.database())


@pytest.fixture
def mysql_url(new_mysql_url: Callable[[], str]) -> str:
    """Return the URL of an empty database of this test's own."""
    return new_mysql_url()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Return the URL of a Redis that others may use too: prefix keys with a name of your own."""
    try:
        return servers.redis()
    except servers.ServerMissing as fault:
        missing("Redis", fault)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium; without one the test is skipped, in CI it fails."""
    return find_browser() or missing("Chromium", f"none of {', '.join(BROWSERS)} is on PATH")


def missing(server: str, fault: servers.ServerMissing | str) -> NoReturn:
    """Skip the test that asked for this server, or fail it where servers are promised."""
    reason = f"{MISSING}{server}: {fault}"
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in the very last lines what was skipped for want of a server, and why.

    `scripts/test.py` prints coverage after us: it names a file and repeats the lines from there.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    lines = missing_lines(reporter.stats.get("skipped", []))
    if lines and (file := os.environ.get("ZENITH_TEST_SKIPPED")):
        Path(file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for line in lines:
        reporter.write_line(line)


def missing_lines(reports: list[pytest.TestReport]) -> list[str]:
    """Return a line for each reason, with the number of tests that it skipped."""
    reasons = [report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)]
    ours = [text.partition(MISSING)[2] for text in reasons if MISSING in text]
    return [f"SKIPPED, tests: {ours.count(text)}; no {text}" for text in dict.fromkeys(ours)]
