"""How far a long run is, told in the log while it runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

from zenith_server.database.migrations.environment import Direction, Progress

INTERVAL = 15.0
"""Seconds between two lines about a revision that goes on."""
_QUICK = 1.0
_VERBS = {"upgrade": "Applying", "downgrade": "Undoing"}
_log = logging.getLogger("zenith_server.migrations")


class Following:
    """Tells which revision of how many runs, and for how long.

    Args:
        progress: the run that is followed.
        names: the names of revisions by their ids.
        direction: whether they are applied or undone.
    """

    def __init__(self, progress: Progress, names: Mapping[str, str], direction: Direction) -> None:
        self.progress = progress
        self.names = names
        self.verb = _VERBS[direction]

    def tell(self) -> None:
        """Tell that a revision begins, or that one that took its time is done."""
        progress = self.progress
        took = time.monotonic() - progress.since
        if progress.running:
            number = len(progress.done) + 1
            name = self.names[progress.running]
            _log.info("%s %s (%d of %d)", self.verb, name, number, progress.total)
        elif took >= _QUICK:
            _log.info("%s was done in %.1f s", self.names[progress.done[-1]], took)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Tell now and then that a long revision goes on."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            if self.progress.running:
                name, number = self.names[self.progress.running], len(self.progress.done) + 1
                seconds = time.monotonic() - self.progress.since
                total = self.progress.total
                _log.info("%s goes on for %.0f s (%d of %d)", name, seconds, number, total)
