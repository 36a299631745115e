"""`zenith-server` as a real process: started, watched until it serves, always ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
SERVE_TIMEOUT = 45.0
STOP_TIMEOUT = 20.0
URL = re.compile(r"https?://[\w.\-\[\]:]+:\d+")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
OURS = ("ZENITH_", "DATABASE_", "REDIS_")
OURS_TOO = ("APP_ENV", "ENVIRONMENT", "PORT", "HOST", "WEB_CONCURRENCY", "LOG_LEVEL", "SECRET_KEY")


class Process:
    """A running `python -m zenith_server …` with its output; `stop()` ends its whole group.

    Args:
        arguments: what follows `zenith-server` on the command line.
        env: variables added to a copy of our own environment, from which everything that
            zenith-server would read is taken out first.
        cwd: the current directory of the process.
        command: what to start in its place.
        pass_fds: descriptors that it inherits.
    """

    def __init__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str],
        cwd: Path,
        command: Sequence[object] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        words = command or [sys.executable, "-m", "zenith_server", *arguments]
        self.popen = subprocess.Popen(
            list(map(str, words)),
            pass_fds=pass_fds,
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout as lines:
            for line in lines:
                self._lines.append(COLOURS.sub("", line.decode(errors="replace")))

    @property
    def output(self) -> str:
        """Everything printed so far, without colours."""
        return "".join(self._lines)

    @property
    def url(self) -> str:
        """The first address in the output, without a trailing slash; raises if there is none."""
        found = URL.search(self.output)
        assert found, f"no address in the output:\n{self.output}"
        return found.group()

    def wait_until_serves(self, timeout: float = SERVE_TIMEOUT) -> Process:
        """Return once the address in the banner accepts a connection."""
        self._poll(self._serves, timeout, "did not serve")
        return self

    def wait_for(self, text: str, timeout: float = SERVE_TIMEOUT) -> str:
        """Return the output once it holds this text."""
        self._poll(lambda: text in self.output, timeout, f"did not print {text!r}")
        return self.output

    def wait(self, timeout: float = SERVE_TIMEOUT) -> int:
        """Return the exit code once the process has ended by itself, all output read."""
        code = self.popen.wait(timeout)
        self._reader.join(timeout)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process only."""
        self.popen.send_signal(number)

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """Ask it to end (SIGTERM), kill whatever is left of its group, return the exit code."""
        self.popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        return self.wait(timeout)

    def _serves(self) -> bool:
        found = URL.search(self.output)
        if found is None:
            return False
        address = urlsplit(found.group())
        with suppress(OSError), socket.create_connection((address.hostname, address.port), 1):
            return True
        return False

    def _poll(self, question: Callable[[], bool], timeout: float, fault: str) -> None:
        deadline = time.monotonic() + timeout
        while not question():
            ended = self.popen.poll()
            if ended is not None or time.monotonic() > deadline:
                self._reader.join(1)
                if question():
                    return
                state = "ended with" if ended is not None else "still runs after"
                raise AssertionError(f"zenith-server {fault}; it {state} {ended}:\n{self.output}")
            time.sleep(0.02)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return ours without what zenith-server reads, with the tested code first, plus extra."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and name not in OURS_TOO
    }
    path = os.pathsep.join(filter(None, [str(REPOSITORY), kept.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **extra}
