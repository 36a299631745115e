"""The crew: as many workers as are wanted, whatever happens to single ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace

from zenith_server.runner.banner import Report
from zenith_server.runner.processes import Process
from zenith_server.runner.program import Limits
from zenith_server.runner.workers import StartError, Workers, ending
from zenith_server.settings import Settings

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Crew:
    """Puts workers in the place of those that die, and exchanges those that have to go.

    Args:
        workers: the processes that there are.
        settings: what further workers are started with.
        report: where to say what happens.
        limits: how long to wait for what.
        spawn: starts a task that ends with the supervisor.
        gave_up: called with the reason when no worker can be kept alive.

    Attributes:
        wanted: how many workers are to serve.
        busy: whether somebody else starts and stops workers, or nobody may.
        replaced: how many workers died, or were exchanged, and have a successor.
    """

    def __init__(
        self,
        workers: Workers,
        settings: Settings,
        report: Report,
        limits: Limits,
        spawn: Spawn,
        gave_up: Callable[[str], None],
    ) -> None:
        self._workers = workers
        self._report = report
        self._limits = limits
        self._spawn = spawn
        self._gave_up = gave_up
        self._failed_starts = 0
        self._filling = False
        self._turn = asyncio.Lock()
        self.settings = settings
        self.wanted = settings.server.workers
        self.busy = True
        self.replaced = 0

    def use(self, settings: Settings) -> None:
        """Start further workers with these settings, and as many as they say."""
        self.settings = settings
        self.wanted = settings.server.workers

    # Workers that die

    def ended(self, worker: Process, code: int) -> None:
        """Take note that a worker has ended, and see to a successor unless it was told to end."""
        if worker.complaint:
            self._report.failed(worker.complaint)
        if worker.stopping or worker.job.task != "serve":
            return
        self._report.note(f"worker {worker.pid} {ending(code)}; starting another")
        steady = worker.steady_for >= self._limits.steady
        self._failed_starts = 0 if steady else self._failed_starts + 1
        self.fill()

    def fill(self) -> None:
        """See to it that as many workers serve as are wanted."""
        if not self._filling:
            self._filling = True
            self._spawn(self._fill())

    async def _fill(self) -> None:
        """Start what is missing, trying again with growing pauses."""
        try:
            while not self.busy and (missing := self._missing()) > 0:
                if self._failed_starts >= self._limits.attempts and not self._workers.serving:
                    failed = self._failed_starts
                    self._gave_up(f"No worker stays alive: {failed} failed one after another.")
                    return
                await asyncio.sleep(self._pause())
                await self._try_to_start(missing)
        finally:
            self._filling = False

    def _missing(self) -> int:
        return self.wanted - len(self._workers.serving_project)

    async def _try_to_start(self, number: int) -> None:
        try:
            await self._workers.start(number, "serve", self._settings_now())
        except StartError as failure:
            self._failed_starts += 1
            self._tell(failure)
        else:
            self.replaced += number

    def _tell(self, failure: StartError) -> None:
        # What is stopped while it starts has not failed.
        if not self.busy:
            self._report.failed(str(failure))

    def _settings_now(self) -> Settings:
        """Return the settings with the number of workers, by which they share what is scarce."""
        server = replace(self.settings.server, workers=self.wanted)
        return replace(self.settings, server=server)

    def _pause(self) -> float:
        if self._failed_starts == 0:
            return 0.0
        return min(0.05 * 2.0**self._failed_starts, self._limits.backoff)

    # Workers that have to go

    def exchange(self, worker: Process, why: str) -> None:
        """Let another worker take the place of one, which then leaves; one at a time.

        Args:
            worker: the one that is to go.
            why: the end of a sentence about it.
        """
        if worker.serves_project and not worker.leaving_soon:
            worker.leaving_soon = True
            self._report.note(f"worker {worker.pid} {why}; starting another")
            self._spawn(self._exchange(worker))

    async def _exchange(self, worker: Process) -> None:
        async with self._turn:
            # It may have died meanwhile, or gone with all others of its generation.
            if self.busy or not worker.serves_project:
                return
            try:
                await self._workers.start(1, "serve", self._settings_now())
            except StartError as failure:
                worker.leaving_soon = False
                self._tell(failure)
                return
            self.replaced += 1
            # One that died meanwhile has been seen to: then there is one too many.
            serving = self._workers.serving_project
            if len(serving) > self.wanted:
                self._workers.dismiss(worker if worker in serving else serving[0])

    # More of them, or fewer

    def grow(self) -> None:
        """Want one worker more."""
        self.wanted += 1
        self._report.note(f"one worker more: {self.wanted}")
        self.fill()

    def shrink(self) -> None:
        """Want one worker fewer, but always one; the oldest goes."""
        if self.wanted == 1:
            self._report.note("one worker is the least; it stays")
            return
        self.wanted -= 1
        self._report.note(f"one worker fewer: {self.wanted}")
        serving = self._workers.serving_project
        if not self.busy and len(serving) > self.wanted:
            self._workers.dismiss(serving[0])
