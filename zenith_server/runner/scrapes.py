"""The figures of all workers together, whoever of them was asked, and of those that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from zenith_server.figures import GAUGE, Family, Sample, together
from zenith_server.runner.processes import Process
from zenith_server.runner.workers import Workers

_PATIENCE = 1.0
"""Seconds that a worker has to tell its figures; after that its last ones count."""


class Scrapes:
    """Asks the workers for their figures when one of them has been asked.

    A worker answers from a thread, so that one whose loop is blocked is counted too. Nothing is
    ever counted backward: of a worker that ended, what it told last is added for ever. One that
    stops in good order tells it at its end; one that was killed has told it at the last scrape.

    Args:
        workers: the processes that there are.
        spawn: runs a coroutine as a task.
    """

    def __init__(
        self, workers: Workers, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._workers = workers
        self._spawn = spawn
        self._past: list[Family] = []

    def asked(self, worker: Process) -> None:
        """Tell a worker the figures of all, as soon as they are there."""
        self._spawn(self._tell(worker))

    async def _tell(self, worker: Process) -> None:
        worker.tell({"type": "figures", "families": await self.whole()})

    async def whole(self) -> list[Family]:
        """Return the figures of all workers, and of those that there were."""
        workers = [worker for worker in self._workers.everyone if worker.ready_at is not None]
        counting = [asyncio.ensure_future(worker.count()) for worker in workers]
        if counting:
            _, late = await asyncio.wait(counting, timeout=_PATIENCE)
            for each in late:
                each.cancel()
        told = [(str(worker.pid), [*worker.families, *_seen(worker)]) for worker in workers]
        return together([("", self._past), *told])

    def ended(self, worker: Process) -> None:
        """Keep what a worker counted."""
        if worker.families:
            self._past = together([("", self._past), ("", worker.families)])


def _seen(worker: Process) -> Iterable[Family]:
    """What the supervisor sees of a worker by itself."""
    counts = worker.counts
    requests = counts.in_flight - counts.sockets
    for name, text, number in (
        ("http_requests_in_flight", "Requests that are being answered.", requests),
        ("websockets_open", "WebSockets that are open.", counts.sockets),
    ):
        yield Family(name, GAUGE, text, [Sample(name, {}, number)])
