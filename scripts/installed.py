"""Install the package into an empty environment and do what the README begins with.

    python scripts/installed.py

Makes a virtual environment in a temporary folder, installs the repository there without its extras,
makes a project with `zenith-server new`, serves it, and asks it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


def main() -> int:
    """Return 0 when the new project answers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        command = install(folder / "venv" / "bin")
        subprocess.run([command, "new", "hello"], cwd=folder, check=True)
        answer = ask(command, folder)
    print(f"installed, made a project, served it: {answer}")
    return int(answer != '{"hello":"world"}')


def install(bin_folder: Path) -> Path:
    """Install the repository and return its command."""
    pip = [bin_folder / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", ROOT], check=True)
    return bin_folder / "zenith-server"


def ask(command: Path, folder: Path) -> str:
    """Serve the project on a free port and return what it answers at its root."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("ZENITH", "PYTHON"))}
    server = subprocess.Popen(
        [command, "./hello", "--port", "0", "--host", "127.0.0.1"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with urllib.request.urlopen(address(server), timeout=PATIENCE) as answer:  # noqa: S310
            return answer.read().decode()
    finally:
        server.terminate()
        server.wait(PATIENCE)


def address(server: subprocess.Popen[str]) -> str:
    """Return the URL that the banner names."""
    deadline = time.monotonic() + PATIENCE
    for line in server.stdout or []:
        print(line, end="")
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
        if time.monotonic() > deadline:
            break
    raise SystemExit("zenith-server did not say where it serves")


if __name__ == "__main__":
    sys.exit(main())
