"""Do to servers under load what must not hurt them, at length, and print what was measured.

    python scripts/soak.py [--share 0.1] [--only stops,deaths]

The whole takes about an hour. It needs PostgreSQL, as the tests do. Each line says what was done;
the first promise that is broken ends the run with its message.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.end_to_end import faults  # noqa: E402
from tests.end_to_end.edits import edits  # noqa: E402
from tests.end_to_end.ledger import open_ledger  # noqa: E402
from tests.servers import postgres  # noqa: E402

Fault = Callable[[faults.Place, int, int], faults.Figures]
# How often in all, and how many requests each time; shared out over engines and workers.
FAULTS: dict[str, tuple[Fault, int, int, tuple[int, ...]]] = {
    "stops": (faults.stops, 200, 500, (1, 2, 4)),
    "replacements": (faults.replacements, 100, 2000, (2,)),
    "silences": (faults.silences, 6, 10_000, (1, 2)),
    "deaths": (faults.deaths, 100, 300, (2,)),
    "blocks": (faults.blocks, 20, 300, (2, 4)),
    "murders": (faults.murders, 50, 100, (2,)),
    "growth": (faults.growth, 200, 3000, (1,)),
    "edits": (edits, 500, 5000, (1,)),
}
ENGINES = ("hypercorn", "granian")


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of how often each is done")
    parser.add_argument("--only", default=",".join(FAULTS), help=f"of {', '.join(FAULTS)}")
    given = parser.parse_args()
    with postgres() as server:
        for name in given.only.split(","):
            for engine in ENGINES:
                with server.database() as database:
                    open_ledger(database)
                    run(name, engine, database, given.share)
    return 0


def run(name: str, engine: str, database: str, share: float) -> None:
    """Do one thing on one engine with each number of workers."""
    fault, times, requests, crews = FAULTS[name]
    each = max(1, round(times * share / len(crews) / len(ENGINES)))
    for workers in crews:
        with tempfile.TemporaryDirectory() as folder:
            place = faults.Place(Path(folder) / "project", database, engine, workers)
            figures = fault(place, each, requests)
        told = ", ".join(f"{what} {value:,.6g}" for what, value in figures.items())
        print(f"{name} on {engine}, workers {workers}: {told}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
