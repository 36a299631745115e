"""A server of one worker as a process of its own: what it needs, and how it bears load from wrk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.answers import Case, asking
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "tests" / "benchmarks" / "techempower"
BIN = Path(sys.executable).parent
PATIENCE = 60.0
REST, MOST_REST = 0.1, 3.0
TICKS = os.sysconf("SC_CLK_TCK")
OURS = {"zenith": "production", "zenith_preset": "staging"}
"""Our contenders and the environments that they run in; see `techempower/zenith.yaml`."""
SERVERS = {
    "granian": "granian --interface asgi --workers 1 --port {port} {target}",
    "uvicorn": "uvicorn --no-access-log --log-level warning --port {port} {target}",
    "hypercorn": "hypercorn --workers 1 --bind 127.0.0.1:{port} {target}",
}
"""How the other contenders are served; none of them writes a line for each request."""
ZENITH = "zenith-server run {target} --env {env} --engine {server} --workers 1 --port {port}"


class Load(NamedTuple):
    """What wrk counted, and what it cost.

    Args:
        requests: how many were answered.
        rate: how many in a second.
        cpu: the CPU time of each in microseconds, of all processes of the server.
    """

    requests: int
    rate: float
    cpu: float


class Memory(NamedTuple):
    """What a worker holds, in bytes.

    Args:
        rss: all that is in memory.
        pss: the same, what processes share divided among them.
    """

    rss: int
    pss: int


class Serving:
    """A running server.

    Args:
        contender: who answers.
        server: on which server.
        database: the URL of the database.
    """

    def __init__(self, contender: str, server: str, database: str) -> None:
        self.name = contender if contender in OURS else f"{contender} on {server}"
        self.port = free_port()
        self._process = subprocess.Popen(
            command(contender, server, self.port),
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Return once it answers.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError), asking(self.port) as ask:
                if ask("/json").status == 200:
                    return
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError(f"{self.name} does not answer")
            time.sleep(0.05)

    def loaded(self, case: Case, seconds: int) -> Load:
        """Let wrk ask, and return what came of it.

        Raises:
            AssertionError: an answer was no success.
        """
        before = self.cpu()
        said = wrk(f"http://127.0.0.1:{self.port}{case.path}", seconds, case.connections)
        spent = self.cpu() - before
        self._settle()
        failed = re.search(r"Non-2xx.*|Socket errors.*", said)
        assert failed is None, f"{self.name}: {case.path}: {failed and failed[0]}"
        requests, took = re.findall(r"(\d+) requests in ([\d.]+)s", said)[0]
        if requests == "0":  # so busy is the machine, or so slow the server
            return self.loaded(case, 2 * seconds)
        return Load(int(requests), int(requests) / float(took), spent / int(requests) * 1e6)

    def _settle(self) -> None:
        """Wait until what wrk left behind is done, which would weigh on whoever comes next."""
        deadline, before = time.monotonic() + MOST_REST, -1.0
        while time.monotonic() < deadline and before != (before := self.cpu()):
            time.sleep(REST)

    def asked(self, case: Case, requests: int) -> None:
        """Let wrk ask at least so many times."""
        while requests > 0:
            requests -= self.loaded(case, 1 if requests < 20_000 else 5).requests

    def cpu(self) -> float:
        """The CPU time of all its processes, in seconds."""
        return sum(_ticks(process) for process in self._processes()) / TICKS

    def worker(self) -> int:
        """The process that answers, which each of these servers starts last."""
        return max(self._processes(), key=lambda process: (int(_fields(process)[19]), process))

    def memory(self) -> Memory:
        """What its worker holds."""
        text = Path(f"/proc/{self.worker()}/smaps_rollup").read_text()
        kilobytes = dict(re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE))
        return Memory(int(kilobytes["Rss"]) * 1024, int(kilobytes["Pss"]) * 1024)

    def stop(self) -> None:
        """End it and everything that it started."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()

    def _processes(self) -> list[int]:
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [process for process in found if _fields(process)[3:4] == [str(self._process.pid)]]


def command(contender: str, server: str, port: int) -> list[str]:
    """Return the words that start a contender on a server."""
    if contender in OURS:
        text = ZENITH.format(target=PROJECT, env=OURS[contender], server=server, port=port)
    else:
        target = f"tests.benchmarks.contenders.techempower.{contender}:app"
        text = SERVERS[server].format(target=target, port=port)
    program, *words = text.split(" ")
    return [str(BIN / program), *words]


@contextmanager
def serving(contender: str, server: str, database: str) -> Iterator[Serving]:
    """Start a contender, and end it in any case."""
    started = Serving(contender, server, database)
    try:
        started.wait()
        yield started
    finally:
        started.stop()


def wrk(url: str, seconds: int, connections: int) -> str:
    """Return what wrk says of a URL that it asks for all the time."""
    arguments = [f"-c{connections}", "-t1", f"-d{seconds}s", "--timeout", "30s"]
    done = subprocess.run(["wrk", *arguments, url], check=True, capture_output=True, text=True)
    return done.stdout


def missing() -> str:
    """Return what is missing on this machine, in words; nothing if all is there."""
    if sys.platform != "linux":
        return "The CPU time and memory of a server are read from /proc, which Linux has alone."
    if shutil.which("wrk") is None:
        return (
            "wrk is not installed, which asks the servers (https://github.com/wg/wrk).\n"
            "  * On Debian and Ubuntu: apt-get install wrk\n"
            "  * On macOS, for other uses: brew install wrk"
        )
    return ""


def _fields(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on (proc_pid_stat(5)), or nothing."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ticks(process: int) -> int:
    return sum(int(ticks) for ticks in _fields(process)[11:13])
