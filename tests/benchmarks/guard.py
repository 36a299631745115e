"""The ratios that `test_ratio_guard` looks at: `python -m tests.benchmarks.guard`.

Both sides take turns in one process, and the least of each counts: what a busy machine adds is
added to some rounds, and never taken away from any.
"""

from __future__ import annotations

import asyncio
import json
from time import process_time

from tests.benchmarks.contenders import bare, zenith
from tests.benchmarks.measure import CASES, App, Case, check, receiver, scope_of

ROUNDS, REQUESTS = 25, 200
WATCHED = ("json", "params")


async def spent(app: App, case: Case) -> float:
    """Return the CPU seconds of some requests."""
    scope = scope_of(case)

    async def send(_: object) -> None: ...

    began = process_time()
    for _ in range(REQUESTS):
        await app(scope.copy(), receiver(case.body), send)
    return process_time() - began


async def ratios() -> dict[str, float]:
    """Return the cost of each watched case in relation to the bare function."""
    app = zenith.make()
    sides = {"bare": (bare.app, CASES["json"]), **{name: (app, CASES[name]) for name in WATCHED}}
    least: dict[str, float] = {}
    for side, case in sides.values():
        await check(side, case)
    for _ in range(ROUNDS):
        for name, (side, case) in sides.items():
            least[name] = min(least.get(name, 1e9), await spent(side, case))
    return {name: least[name] / least["bare"] for name in WATCHED}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ratios())))
