"""The ratios that `test_ratio_guard` looks at: `python -m tests.benchmarks.guard`.

All sides take turns in one process, and the least of each counts: what a busy machine adds is
added to some rounds, and never taken away from any. Many short rounds find a quiet moment.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import process_time

from tests.benchmarks.contenders import bare, zenith, zenith_preset
from tests.benchmarks.measure import CASES, App, Case, check, receiver, running, scope_of

ROUNDS, REQUESTS = 300, 25


async def spent(app: App, case: Case, requests: int) -> float:
    """Return the CPU seconds of so many requests."""
    scope = scope_of(case)

    async def send(_: object) -> None: ...

    began = process_time()
    for _ in range(requests):
        await app(scope.copy(), receiver(case.body), send)
    return process_time() - began


async def ratios(share: float = 0.0) -> dict[str, float]:
    """Return the cost of each watched case in relation to the bare function.

    Args:
        share: how much dearer the watched requests are made to look: a regression to be found.
    """
    app, preset = zenith.make(), zenith_preset.make()
    watched = {name: (app, CASES[name]) for name in ("json", "params", "struct")}
    watched |= {f"preset {name}": (preset, CASES[name]) for name in ("json", "struct")}
    sides = {"bare": (bare.app, CASES["json"]), **watched}
    least: dict[str, float] = {}
    async with running(preset):
        for side, case in sides.values():
            await check(side, case)
        for _ in range(ROUNDS):
            for name, (side, case) in sides.items():
                requests = REQUESTS if name == "bare" else round(REQUESTS * (1 + share))
                least[name] = min(least.get(name, 1e9), await spent(side, case, requests))
    return {name: least[name] / least["bare"] for name in watched}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ratios(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))))
