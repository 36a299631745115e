"""Send requests that no client would send to example_project, in this process: no 5xx, no hang.

    python scripts/fuzz.py [REQUESTS]

The first tenth warms up; after it the memory of the process may not grow by more than 32 MiB.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.example_project.fuzz import Request, requests  # noqa: E402 (the root goes first)
from tests.served import Served  # noqa: E402
from zenith_server.boot import boot, prepare  # noqa: E402
from zenith_server.environment import Environment  # noqa: E402
from zenith_server.settings import Settings, read_settings  # noqa: E402

PATIENCE = 10.0
GROWTH = 32 * 2**20
PART = 500


def main(count: int) -> None:
    """Send that many requests.

    Raises:
        AssertionError: one that was answered by a 5xx, or not in time, as Hypothesis shrank it;
            or the process grew.
    """
    with tempfile.TemporaryDirectory() as folder:
        configured = settings_of(Path(folder))
        prepare(configured)
        with asyncio.Runner() as runner:
            app = Served(boot(configured))
            runner.run(app.start())
            send(runner, app, max(1, count // 10))
            before = memory()
            send(runner, app, count - count // 10)
            grown = memory() - before
            runner.run(app.stop())
    assert grown < GROWTH, f"The process grew by {grown / 2**20:.1f} MiB"  # noqa: S101
    print(f"{count} requests: no 5xx, no hang, {grown / 2**20:+.1f} MiB after warming up")


def settings_of(folder: Path) -> Settings:
    """Return the settings of the example in the environment `test`, on an empty SQLite."""
    environ = {
        "DATABASE_URL": f"sqlite:///{folder}/fuzz.db",
        "SECRET_KEY": "only for the fuzz, 32 letters long",
        "ZENITH_DOCS__UI": "true",
        "ZENITH_LOGGING__LEVEL": "critical",
    }
    environment = Environment("test", "from the fuzz")
    return read_settings(ROOT / "example_project", environment=environment, environ=environ)


def send(runner: asyncio.Runner, app: Served, count: int) -> None:
    """Send requests, in parts: Hypothesis keeps all that it made in one run."""
    for start in range(0, count, PART):
        send_part(runner, app, min(PART, count - start), start)


def send_part(runner: asyncio.Runner, app: Served, count: int, start: int) -> None:
    """Send one part, and look at what is answered."""

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(requests())
    def each(request: Request) -> None:
        runner.run(ask(app, request))

    each()


async def ask(app: Served, request: Request) -> None:
    """Send one request; a 5xx is a fault of ours, whatever was sent."""
    method, url, headers, body = request
    async with asyncio.timeout(PATIENCE):
        answer = await app.request(method, url, headers, body)
    assert answer.status < 500, (answer.status, answer.body)  # noqa: S101


def memory() -> int:
    """Return the bytes that this process holds (Linux; elsewhere 0, so that nothing is judged)."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * 4096 if file.exists() else 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
