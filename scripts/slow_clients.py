"""slowhttptest against both engines: slow clients are gone within 35 s, others notice nothing.

    python scripts/slow_clients.py [header body read range]

Needs slowhttptest (Debian: slowhttptest); about 40 seconds for each kind and engine.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port

CONNECTIONS, BAR, LENGTH = 400, 35, 40
# At most so many connections at a time are those of good traffic and of the probe.
OTHERS = 4
# Established, and closed on one side: FIN-WAIT-1, CLOSE-WAIT, LAST-ACK (net/tcp_states.h).
OPEN = {"01", "04", "08", "09"}
PROJECT = {
    "zenith.yaml": "server: {workers: 1}\nlogging: {level: warning}\n",
    "routes/index.py": """
        from starlette.requests import Request

        async def get() -> str:
            return "hello"

        async def post(request: Request) -> int:
            return len(await request.body())
    """,
    "routes/large.py": """
        async def get() -> str:
            return "x" * 500_000
    """,
}
KINDS = {
    "header": ("-H", "-i", "3", "-t", "GET"),
    "body": ("-B", "-i", "3", "-s", "8192", "-t", "POST"),
    "read": ("-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-t", "GET"),
    "range": ("-R", "-a", "5", "-b", "3000", "-t", "HEAD"),
}


def main(kinds: Sequence[str]) -> int:
    """Try each kind on each engine; the exit code is 1 where a bar was missed."""
    program = shutil.which("slowhttptest")
    if program is None:
        print("skipped: slowhttptest is not installed")
        return 0
    missed = [
        (engine, kind)
        for engine in ("hypercorn", "granian")
        for kind in kinds or KINDS
        if not passes(program, engine, kind)
    ]
    return 1 if missed else 0


def passes(program: str, engine: str, kind: str) -> bool:
    """Run one kind of slow clients against one engine, and say how it went."""
    with tempfile.TemporaryDirectory() as place, serving(Path(place), engine) as url:
        quiet = latencies(url, 3)
        during: list[float] = []
        traffic = threading.Thread(target=lambda: during.extend(latencies(url, LENGTH - 2)))
        traffic.start()
        gone = seconds_until_gone(program, url, kind)
        traffic.join()
    good = -1.0 not in during
    print(
        f"{engine:10}{kind:8}{CONNECTIONS} connections gone after {gone} s; beside them "
        f"{len(during)} requests, {during.count(-1.0)} lost, median "
        f"{statistics.median(during) * 1000:.1f} ms (alone {statistics.median(quiet) * 1000:.1f})",
        flush=True,
    )
    return good and gone <= BAR


@contextlib.contextmanager
def serving(place: Path, engine: str) -> Generator[str]:
    """Serve the project in production."""
    folder = write_project(place / "shop", PROJECT)
    words = (folder, "--engine", engine, "--env", "production", "--port", free_port())
    server = Process(*map(str, words), env={}, cwd=folder)
    try:
        yield server.wait_until_serves().url
    finally:
        server.stop()


def latencies(url: str, seconds: float) -> list[float]:
    """Ask every 50 ms, each time on a new connection; -1 is a request that failed."""
    found: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
                answer.read()
            found.append(time.monotonic() - began)
        except OSError:
            found.append(-1.0)
        time.sleep(0.05)
    return found


def seconds_until_gone(program: str, url: str, kind: str) -> float:
    """Return after how many seconds the server had none of the slow connections any more.

    They are counted on the side of the server: the system ends some without a word to the client.
    """
    path, port = ("/large" if kind == "read" else "/"), int(url.rpartition(":")[2])
    numbers = ("-c", str(CONNECTIONS), "-r", "200", "-l", str(LENGTH), "-p", "5", "-u", url + path)
    began = last = time.monotonic()
    most = 0
    with subprocess.Popen([program, *KINDS[kind], *numbers], stdout=subprocess.DEVNULL) as slow:
        while slow.poll() is None:
            time.sleep(0.5)
            count = connections_to(port)
            most = max(most, count)
            if count > OTHERS:
                last = time.monotonic()
    if kind != "range" and most < CONNECTIONS / 2:
        raise RuntimeError(f"only {most} slow connections were seen at a time")
    return round(last - began, 1)


def connections_to(port: int) -> int:
    """Count the connections that the system keeps for a server, those it still closes too."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local = int(fields[1].rpartition(":")[2], 16)
        count += local == port and fields[3] in OPEN
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
