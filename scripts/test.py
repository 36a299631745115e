"""Run the whole suite with coverage, combine what all processes measured, and print it.

    python scripts/test.py [pytest arguments]

Coverage below the limit in pyproject.toml fails the run, unless tests had to be skipped for want
of a server: then it is printed and not judged. What was skipped stands in the last lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COVERAGE = [sys.executable, "-m", "coverage"]
PROCESSES = "2"


def main(arguments: list[str]) -> int:
    """Run everything from the root of the repository and return the exit code."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        skipped = Path(folder, "skipped")
        os.environ["ZENITH_TEST_SKIPPED"] = str(skipped)
        tests = run("erase") or run("run", "-m", "pytest", "-n", PROCESSES, *arguments)
        missing = skipped.read_text() if skipped.exists() else ""
    coverage = report(judge=not missing and not arguments)
    print(missing, end="")
    return tests or coverage


def report(*, judge: bool) -> int:
    """Combine and print the coverage; return non-zero when it is judged and below the limit."""
    return run("combine", "--quiet") or run("report", *([] if judge else ["--fail-under=0"]))


def run(*arguments: str) -> int:
    """Run coverage with these arguments and return its exit code."""
    return subprocess.run([*COVERAGE, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
