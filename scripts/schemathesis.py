"""Let schemathesis look for faults in `zenith-server ./example_project`, on a new PostgreSQL.

    python scripts/schemathesis.py [OPTIONS OF schemathesis run]

Every check is on. Needs `pip install ".[fuzz]"`; where schemathesis or PostgreSQL is missing the
run is skipped and says so; with CI=true it fails.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import servers  # noqa: E402 (the root goes on the path first)
from tests.processes import Process  # noqa: E402

# The RealWorld specification answers what is taken with a 422, where schemathesis expects a 409.
CONFIG = """
[[operations]]
include-name = ["POST /api/users", "PUT /api/user"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422"]
"""
OPTIONS = (
    *("--checks", "all", "--max-examples", "50", "--seed", "1", "--request-timeout", "30"),
    # How fast bodies are made says something of the machine, and nothing of the server.
    *("--suppress-health-check", "too_slow"),
)


class CannotRun(Exception):
    """Something that the run needs is not on this machine."""


def main(options: list[str]) -> int:
    """Run it; return 1 when something was found."""
    try:
        return run(options)
    except (CannotRun, servers.ServerMissing) as fault:
        ci = os.environ.get("CI") == "true"
        print(f"{'FAILED' if ci else 'SKIPPED'}: schemathesis: {fault}")
        return int(ci)


def run(options: list[str]) -> int:
    """Serve the example project on a new database and let schemathesis ask it."""
    with tempfile.TemporaryDirectory() as folder, database() as url:
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONFIG, "utf-8")
        command = [executable(), "--config-file", str(config), "run"]
        process = Process(ROOT / "example_project", env=environment(url), cwd=Path(folder))
        try:
            process.wait_until_serves()
            login = ("--header", f"Authorization: Token {token(process.url)}")
            whole = [*command, f"{process.url}/openapi.json", *OPTIONS, *login, *options]
            return min(1, subprocess.run(whole, cwd=folder, check=False).returncode)
        finally:
            process.stop()


@contextmanager
def database() -> Generator[str]:
    """Hand out the URL of an empty database, gone afterwards."""
    with servers.postgres() as server, server.database() as url:
        yield url


def executable() -> str:
    """Return the program, that of our own environment first."""
    beside = Path(sys.executable).with_name("schemathesis")
    found = str(beside) if beside.is_file() else shutil.which("schemathesis")
    if found is None:
        raise CannotRun('schemathesis is not installed: pip install ".[fuzz]"')
    return found


def environment(url: str) -> dict[str, str]:
    """Return the variables of the server: as in production, with the description."""
    return {
        "DATABASE_URL": url,
        "HOST": "127.0.0.1",
        "PORT": str(servers.free_port()),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ZENITH_DOCS__OPENAPI": "true",
        "ZENITH_ENV": "production",
    }


def token(url: str) -> str:
    """Register a user and return the token that the answer has."""
    user = {"username": "tester", "email": "tester@example.com", "password": secrets.token_hex()}
    body = json.dumps({"user": user}).encode()
    headers = {"content-type": "application/json"}
    request = Request(f"{url}/api/users", body, headers)  # noqa: S310 - our own server
    with urlopen(request) as answer:  # noqa: S310
        return json.load(answer)["user"]["token"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
