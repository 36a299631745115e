"""The runner as a real process on a tiny project, for the tests that need one."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from tests.servers import free_port

SAMPLE_APP = (Path(__file__).parent / "sample_app.py").read_text()
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


class Runner:
    """A runner that serves a folder; ends with the `with` block, and everything it started too.

    Args:
        folder: the project; `app.py` is the sample app unless it is there.
        options: keys of `server`, `environment`, and limits.
        prefix: a command that runs the runner's own command.
    """

    def __init__(self, folder: Path, *prefix: str, **options: object) -> None:
        self.folder = folder
        if not (folder / "app.py").exists():
            self.save("app.py", SAMPLE_APP)
        self.port = int(str(options.setdefault("port", free_port())))
        self.url = f"http://127.0.0.1:{self.port}"
        command = [*prefix, sys.executable, "-m", "tests.runner", str(folder), json.dumps(options)]
        self.popen = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.popen.terminate()
            self.popen.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as lines:
            for line in lines:
                self.output += line

    def save(self, file: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / file).write_text(text)

    def ready(self) -> Self:
        """Wait for the banner."""
        return self.says("ready in")

    def says(self, text: str, times: int = 1) -> Self:
        """Wait until a text has been printed so many times."""
        self.until(lambda: self.output.count(text) >= times, f"printed {text!r}")
        return self

    def noted(self, text: str, times: int = 1) -> Self:
        """Wait until the sample app has noted something."""
        self.until(lambda: self.notes.count(text) >= times, f"noted {text!r}")
        return self

    @property
    def notes(self) -> list[str]:
        """What the sample app has noted."""
        file = self.folder / "notes.txt"
        return file.read_text().splitlines() if file.exists() else []

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something is true, for as long as a busy machine may need."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"not {what}; notes {self.notes}:\n{self.output}"
            time.sleep(0.01)

    def get(self, path: str = "/", **options: object) -> httpx2.Response:
        """Ask for a path on a connection of its own."""
        return httpx2.get(f"{self.url}{path}", timeout=PATIENCE, **options)  # pyright: ignore[reportArgumentType]

    def answers(self, text: str) -> Self:
        """Wait until the answer on `/` is this."""
        self.until(lambda: self.text() == text, f"answering {text!r}")
        return self

    def text(self) -> str:
        """The body of the answer on `/`, empty while there is none."""
        with suppress(httpx2.TransportError):
            return self.get().text
        return ""

    def connects(self) -> bool:
        """Whether the port accepts a connection."""
        with suppress(OSError), self.connection():
            return True
        return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        self.popen.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the supervisor to stop and return its exit code."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code once the supervisor has ended and its output is read."""
        code = self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def processes(self) -> list[int]:
        """The live processes of the runner's session: supervisor, fork server and workers."""
        listed = subprocess.run(
            ["ps", "-e", "-o", "sid=,pid=,stat="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in listed.stdout.splitlines()]
        ours = str(self.popen.pid)
        return [int(pid) for session, pid, state in rows if session == ours and state[0] != "Z"]

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        """A raw connection."""
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port), PATIENCE) as raw:
            yield raw


def app_that_says(text: str) -> str:
    """Return an `app.py` that answers everything with a text."""
    return re.sub(r'b"hello", \(.*?\)\)', f'b"{text}")', SAMPLE_APP, count=1)
