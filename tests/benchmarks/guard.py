"""The ratios that `test_ratio_guard` looks at: `python -m tests.benchmarks.guard [all]`.

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
from zenith_server.plugins.layers.access_log import MOST

# Each round pays for the writing of the log, and runs longer than it takes to get warm: processors
# forget a function while others have their turn.
ROUNDS, REQUESTS = 100, 4 * MOST


async def spent(app: App, case: Case, requests: int) -> float:
    """Return the CPU seconds of so many requests."""
    scope = scope_of(case)

    async def send(_: object) -> None: ...

    began = process_time()
    for _ in range(requests):
        await app(scope.copy(), receiver(case.body), send)
    return process_time() - began


Sides = dict[str, tuple[App, Case]]


async def compared(sides: Sides, share: float = 0.0) -> dict[str, float]:
    """Return the cost of each side in relation to the bare function, the fastest rounds of each."""
    taking = {"bare": (bare.app, CASES["json"]), **sides}
    least: dict[str, float] = {}
    for side, case in taking.values():
        await check(side, case)
    for _ in range(ROUNDS):
        for name, (side, case) in taking.items():
            requests = REQUESTS if name == "bare" else round(REQUESTS * (1 + share))
            least[name] = min(least.get(name, 1e9), await spent(side, case, requests))
    return {name: least[name] / least["bare"] for name in sides}


async def ratios(share: float = 0.0, *, every: bool = False) -> dict[str, float]:
    """Return the cost of each watched case in relation to the bare function.

    Args:
        share: how much dearer the watched requests are made to look: a regression to be found.
        every: whether all cases are measured, and not only those that each test run looks at.
    """
    app, preset = zenith.make(), zenith_preset.make()
    alone = zenith_preset.CASES if every else ("json", "params", "struct")
    layered = zenith_preset.CASES if every else ("json", "struct")
    sides: Sides = {name: (app, CASES[name]) for name in alone}
    sides |= {f"preset {name}": (preset, CASES[name]) for name in layered}
    async with running(preset):
        found = await compared(sides, share)
    if every:
        # Apart, because it loads SQLAlchemy, and then all answers are looked at for its rows.
        found |= await compared({"session": (zenith.session(), CASES["session"])})
    return found


if __name__ == "__main__":
    word = sys.argv[1] if len(sys.argv) > 1 else "0"
    every = word == "all"
    print(json.dumps(asyncio.run(ratios(0.0 if every else float(word), every=every))))
