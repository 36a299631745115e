"""Run `make test` on every CPython from 3.11 to 3.14 that is found, each in its own environment.

Looked for on PATH, among pyenv's versions and with uv; those that are not there are named.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
QUESTION = (
    "import ensurepip, sys, venv;"
    "print(sys.implementation.name, '{}.{}'.format(*sys.version_info), sys.version_info[3])"
)


def main() -> int:
    """Run them one after another and return 1 when one of them failed."""
    found = {version: find(version) for version in VERSIONS}
    results = {version: test(version, python) for version, python in found.items() if python}
    for version in VERSIONS:
        print(f"Python {version}: {results.get(version, 'not found')}")
    return int(any(result != "passed" for result in results.values()) or not results)


def test(version: str, python: str) -> str:
    """Run the suite with this Python."""
    print(f"\nPython {version}: {python}", flush=True)
    command = ["make", "test", f"PYTHON={python}", f"VENV=.venv-{version}"]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    return "passed" if code == 0 else "failed"


def find(version: str) -> str | None:
    """Return the first released CPython of this version, or None."""
    answer = f"cpython {version} final"
    return next((python for python in candidates(version) if ask(python) == answer), None)


def candidates(version: str) -> Iterator[str]:
    """Return where a Python of this version may be."""
    yield f"python{version}"
    pyenv = Path.home() / ".pyenv" / "versions"
    yield from (str(folder / "bin" / "python") for folder in sorted(pyenv.glob(f"{version}.*")))
    if uv := shutil.which("uv"):
        command = [uv, "python", "find", "--no-python-downloads", version]
        yield subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def ask(python: str) -> str:
    """Return implementation, version and release level; nothing when it cannot make a venv."""
    try:
        command = [python, "-c", QUESTION]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
