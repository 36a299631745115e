"""Run the RealWorld collection against `zenith-server ./example_project`, each on a new database.

    python scripts/realworld.py sqlite postgresql

Needs `npx` (it fetches newman) and the collection: ZENITH_REALWORLD names the file, or it lies at
../shared/realworld/Conduit.postman_collection.json. Where one is missing the run is skipped and
says so; with CI=true it fails.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import servers  # noqa: E402 (the root goes on the path first)
from tests.processes import Process  # noqa: E402

COLLECTION = ROOT.parent / "shared" / "realworld" / "Conduit.postman_collection.json"
DATABASES = ("sqlite", "postgresql")


class CannotRun(Exception):
    """Something that the run needs is not on this machine."""


def main(names: list[str]) -> int:
    """Run the collection on each named kind of database; return 1 when a check failed."""
    unknown = set(names) - set(DATABASES)
    if unknown or not names:
        sys.exit(f"Name one or more of {', '.join(DATABASES)}.")
    try:
        return min(1, sum(run(name) for name in names))
    except (CannotRun, servers.ServerMissing) as fault:
        ci = os.environ.get("CI") == "true"
        print(f"{'FAILED' if ci else 'SKIPPED'}: the RealWorld collection: {fault}")
        return int(ci)


def run(name: str) -> int:
    """Serve the example project on a new database and run the collection; return its exit code."""
    command = newman()
    with tempfile.TemporaryDirectory() as folder, database(name, Path(folder)) as url:
        env = {
            "DATABASE_URL": url,
            "PORT": str(servers.free_port()),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ZENITH_ENV": "production",
        }
        process = Process(ROOT / "example_project", env=env, cwd=Path(folder))
        try:
            process.wait_until_serves()
            print(f"\nRealWorld on {name}", flush=True)
            return subprocess.run([*command, *variables(process.url)], check=False).returncode
        finally:
            process.stop()


@contextmanager
def database(name: str, folder: Path) -> Generator[str]:
    """Hand out the URL of an empty database, gone afterwards."""
    if name == "sqlite":
        yield f"sqlite:///{folder}/realworld.sqlite3"
        return
    with servers.postgres() as server, server.database() as url:
        yield url


def newman() -> list[str]:
    """Return the command that runs the collection."""
    collection = Path(os.environ.get("ZENITH_REALWORLD", COLLECTION))
    npx = shutil.which("npx")
    if npx is None:
        raise CannotRun("npx is not installed")
    if not collection.is_file():
        raise CannotRun(f"{collection} does not exist; ZENITH_REALWORLD can name the file")
    hidden = ("banner", "console", "success-assertions")
    quiet = [f"--reporter-cli-no-{part}" for part in hidden]
    return [npx, "--yes", "newman@6", "run", str(collection), "--color=off", *quiet]


def variables(url: str) -> list[str]:
    """Return the options that give the collection its variables."""
    user = f"u{time.time_ns()}"
    values = {
        "APIURL": f"{url}/api",
        "USERNAME": user,
        "EMAIL": f"{user}@example.com",
        "PASSWORD": "password",
    }
    return [part for name, value in values.items() for part in ("--global-var", f"{name}={value}")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
