"""Compare what a request costs: `make bench`, or `python -m tests.benchmarks.bench --help`.

Every measurement is a process of its own, and the contenders take turns, so that a busy machine is
busy for all of them. What is compared are ratios to a bare ASGI function of the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
CONTENDERS = (
    "bare",
    "zenith",
    "zenith_preset",
    "starlette",
    "fastapi",
    "litestar",
    "blacksheep",
    "falcon",
    "django",
)
PACKAGES = {"zenith": "zenith-server", "zenith_preset": "zenith-server"}
WITHOUT_MANY = ("bare", "zenith_preset")
CASES = ("json", "params", "struct", "model", "missing", "method", "session")
Row = dict[str, float]


def measured(contender: str, routes: int = 0) -> Row:
    """Return the microseconds of each case, from a fresh process.

    Raises:
        subprocess.CalledProcessError: an answer was wrong, or the contender is not installed.
    """
    command = [sys.executable, "-m", "tests.benchmarks.measure", contender, str(routes)]
    # The same hashes in each process: which names meet in a table would else be another matter.
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True
    )
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def rounds(contenders: list[str], number: int) -> dict[str, Row]:
    """Return the median of each case's ratio to the bare function of the same round."""
    ratios: dict[str, dict[str, list[float]]] = {name: {} for name in contenders}
    for _ in range(number):
        bare = measured("bare")["json"]
        for name in contenders:
            for case, spent in measured(name).items():
                ratios[name].setdefault(case, []).append(spent / bare)
    return {name: {case: median(r) for case, r in row.items()} for name, row in ratios.items()}


def growth(contenders: list[str], sizes: list[int]) -> dict[str, Row]:
    """Return the cost with each number of routes, as a ratio to that with the fewest."""
    found: dict[str, Row] = {name: {} for name in contenders if name not in WITHOUT_MANY}
    for routes, name in product(sizes, found):
        found[name] |= measured(name, routes)
    for row in found.values():
        first = {kind: row[f"{kind} {sizes[0]}"] for kind in ("static", "dynamic")}
        for case in row:
            row[case] /= first[case.partition(" ")[0]]
    return found


def table(title: str, cases: list[str], rows: dict[str, Row]) -> str:
    """Return the ratios as a table of Markdown."""
    lines = [f"| {title} | {' | '.join(cases)} |", "|---" * (len(cases) + 1) + "|"]
    for name, row in rows.items():
        cells = [f"{row[case]:.2f}" if case in row else "–" for case in cases]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def versions(contenders: list[str]) -> dict[str, str]:
    """Return the version of each contender's package."""
    packages = {name: PACKAGES.get(name, name) for name in contenders if name != "bare"}
    return {name: version(package) for name, package in packages.items()}


def main() -> None:
    """Measure, print the tables and write them as JSON."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--routes", type=int, nargs="*", default=[10, 1000])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    given = parser.parse_args()
    ratios = rounds(given.contenders, given.rounds)
    print(table("CPU time, bare ASGI function = 1", list(CASES), ratios), flush=True)
    grown = growth(given.contenders, given.routes) if given.routes else {}
    if grown:
        cases = [f"{kind} {size}" for kind in ("static", "dynamic") for size in given.routes]
        print("\n" + table("CPU time, fewest routes = 1", cases, grown))
    result = {"versions": versions(given.contenders), "ratios": ratios, "routes": grown}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
