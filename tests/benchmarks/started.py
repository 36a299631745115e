"""A server as a process: how long until it answers, and until it answers what was saved."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.benchmarks.projects import Project
from tests.servers import free_port

BIN = Path(sys.executable).parent
PATIENCE = 60.0
# Seconds between two questions: after an answer, and after none or a refusal, where the server is
# busy with its start and questions take time from it.
PAUSE, LONGER_PAUSE = 0.001, 0.005


class Started:
    """A running server.

    Args:
        project: what it serves.
        command: the server's words after the folder of executables; the port is added.
    """

    def __init__(self, project: Project, command: tuple[str, ...]) -> None:
        self.project = project
        self.port = free_port()
        self.version = 0
        self._is_answering = False
        program, *words = command
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            [BIN / program, *words, "--port", str(self.port)],
            cwd=project.folder,
            env=_environ(project),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def first_answer(self) -> float:
        """Return the seconds from the start of the process to the first 200."""
        self._until(lambda: self.ask().startswith(b"HTTP/1.1 200"))
        return time.perf_counter() - self._began

    def saved(self) -> float:
        """Save another version and return the seconds until it is served."""
        self.version += 1
        wanted = b"\r\n\r\n%d" % self.version
        began = time.perf_counter()
        self.project.save(self.version)
        self._until(lambda: self.ask().endswith(wanted))
        return time.perf_counter() - began

    def ask(self) -> bytes:
        """Return the whole answer on `/version`, over a connection of its own."""
        request = b"GET /version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as raw:
            raw.sendall(request)
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
            self._is_answering = answer.startswith(b"HTTP/1.1 200")
            return answer
        self._is_answering = False
        return b""

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.perf_counter() + PATIENCE
        while not true():
            if time.perf_counter() > deadline or self._process.poll() is not None:
                raise TimeoutError(f"{self._process.args} does not answer: {self.ask()!r}")
            time.sleep(PAUSE if self._is_answering else LONGER_PAUSE)

    def stop(self) -> None:
        """End the server and everything that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _environ(project: Project) -> dict[str, str]:
    # What is installed is compiled, and so is what was started once, whoever measures.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**environ, **project.environ}


@contextmanager
def started(project: Project, command: tuple[str, ...]) -> Iterator[Started]:
    """Start a server, and end it in any case."""
    server = Started(project, command)
    try:
        yield server
    finally:
        server.stop()
