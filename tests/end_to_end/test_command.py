"""The command as people use it: real processes, real sockets, a real terminal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import ZenithStarter
from tests.processes import COLOURS, environment
from tests.projects import write_project

HELLO = {"routes/index.py": "async def get(): return {'hello': 'world'}"}
MIGRATED = {
    **HELLO,
    "models/article.py": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Article(Base):
            __tablename__ = "articles"
            id: Mapped[int] = mapped_column(primary_key=True)
    """,
    "migrations/0001_add_articles.py": """
        \"\"\"Add articles.\"\"\"

        import sqlalchemy as sa
        from alembic import op

        revision = "0001"
        down_revision = None

        def upgrade():
            op.create_table("articles", sa.Column("id", sa.Integer(), primary_key=True))

        def downgrade():
            op.drop_table("articles")
    """,
}


def body(url: str) -> str:
    with urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zenith_server", *words],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_new_project_answers_and_is_healthy(zenith: ZenithStarter, tmp_path: Path) -> None:
    assert run("new", "hello", folder=tmp_path).returncode == 0
    server = zenith("./hello", env={"ZENITH_ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"})
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    assert body(f"{url}/?name=Ada") == '{"hello":"Ada"}'
    port = url.rpartition(":")[2]
    health = run("health", folder=tmp_path, PORT=port, HOST="0.0.0.0")
    assert (health.returncode, health.stdout[:6]) == (0, "ready:")
    assert server.stop() == 0


def test_the_banner_tells_all_that_was_decided(zenith: ZenithStarter, tmp_path: Path) -> None:
    write_project(tmp_path / "shop", MIGRATED)
    variables = {"ZENITH_ENV": "test", "HOST": "127.0.0.1"}
    server = zenith("./shop", "--workers", "2", "--engine", "hypercorn", env=variables)
    output = server.wait_for("ready in")
    for told in (
        "environment: test (from ZENITH_ENV)",
        f"address: {server.url}",
        "engine: hypercorn × 2 workers",
        "routes: 1 in 1 file",
        "database: sqlite:///data/test.sqlite3",
        "migrations: up to date at 0001_add_articles, 1 now",
    ):
        assert told in output


def test_an_option_wins_over_the_variable(
    zenith: ZenithStarter, tmp_path: Path, free_port: int
) -> None:
    write_project(tmp_path / "shop", HELLO)
    server = zenith("run", "./shop", "--port", str(free_port), env={"HOST": "127.0.0.1"})
    assert server.url == f"http://127.0.0.1:{free_port}"


def test_dev_is_development_and_shows_a_saved_file_at_once(
    zenith: ZenithStarter, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "shop", HELLO)
    server = zenith("dev", "./shop", env={"HOST": "127.0.0.1"})
    assert "environment: development (the command is dev)" in server.wait_for("ready in")
    (folder / "routes/more.py").write_text("async def get(): return 'more'")
    server.wait_for("  + GET /more  routes/more.py:1")
    assert body(f"{server.url}/more") == '"more"'


def test_dev_without_reload_leaves_a_saved_file_alone(
    zenith: ZenithStarter, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "shop", HELLO)
    server = zenith("dev", "./shop", "--no-reload", env={"HOST": "127.0.0.1"})
    (folder / "routes/index.py").write_text("async def get(): return 'changed'")
    time.sleep(1)
    assert body(server.url) == '{"hello":"world"}'


def test_production_warns_of_what_is_unwise(zenith: ZenithStarter, tmp_path: Path) -> None:
    write_project(tmp_path / "shop", HELLO)
    server = zenith("./shop", env={"ZENITH_ENV": "production", "HOST": "127.0.0.1"})
    assert "warning: Requests for any host name are answered" in server.output


class Terminal:
    """A command with a terminal of its own, as a person has it."""

    def __init__(self, *words: str, folder: Path, **variables: str) -> None:
        pty = pytest.importorskip("pty")
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zenith_server", *words],
            cwd=folder,
            env=environment({"TERM": "xterm", "COLUMNS": "100", **variables}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""

    def until(self, wanted: str, seconds: float = 45) -> str:
        """Return what was printed once it holds a text, or once the command has ended."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text or not wanted:
            assert time.monotonic() < deadline, self.text
            try:
                self.text += os.read(self._ours, 4096).decode(errors="replace")
            except OSError:
                break  # the command has ended, and the terminal with it
        return COLOURS.sub("", self.text)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self._process.wait(30)

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    write_project(tmp_path / "shop", HELLO)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    opened = Terminal("./shop", folder=tmp_path, PORT=port, HOST="127.0.0.1", ZENITH_ENV="dev")
    yield opened
    opened.close()


def test_a_person_gets_rows_and_a_clean_end(terminal: Terminal) -> None:
    text = terminal.until("ready in")
    assert "  environment  development (from ZENITH_ENV)" in text
    assert terminal.interrupt() == 0
    assert "Traceback" not in terminal.until("")


def test_lists_are_tables_on_a_terminal(tmp_path: Path) -> None:
    write_project(tmp_path / "shop", HELLO)
    opened = Terminal("routes", "./shop", folder=tmp_path, ZENITH_ENV="test")
    try:
        text = opened.until("")
    finally:
        opened.close()
    assert "───" in text
    assert "routes/index.py:1" in text


def test_a_file_that_never_ends_is_named_at_a_start(zenith: ZenithStarter, tmp_path: Path) -> None:
    files = {"routes/index.py": "while True:\n    pass\n"}
    folder = write_project(tmp_path / "stuck", files)
    env = {"ZENITH_ENV": "production", "ZENITH_SERVER__BOOT_TIMEOUT": "2s"}
    server = zenith(folder, env=env, wait=False)
    assert server.wait() == 1, server.output
    assert "The project was still starting after 2 s, here:" in server.output
    assert 'routes/index.py", line ' in server.output
