"""`/health`: is the process alive, may it get requests, has it started, and how are its parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from zenith_server.draft import Draft
from zenith_server.plan import Check
from zenith_server.plugin import Plugin

log = logging.getLogger("zenith_server.health")

TIMEOUT = 2.0
FRESH = 1.0
NO_STORE = {"cache-control": "no-store"}

Answer = tuple[dict[str, Any], int, dict[str, str]]


class Health(Plugin):
    """Adds the four URLs that orchestrators ask.

    They are answered before any layer, so that no redirect and no host check turns a probe green
    or red by mistake. Liveness asks no other part: a database that is away must not restart the
    processes that wait for it.
    """

    name = "health"

    def setup(self, draft: Draft) -> None:
        """Add the routes."""
        report = Report(Results(draft.checks), details=draft.settings.health.details)
        draft.lifespan("health", report.serving)
        draft.drain(report.stop)
        for url, handler in {
            "/health/live": live,
            "/health/ready": report.ready,
            "/health/startup": report.startup,
            "/health": report.health,
        }.items():
            draft.route("GET", url, handler, outside=True)


async def live() -> Answer:
    """Answer as long as the event loop runs."""
    return _answer(well=True)


class Result(Struct, frozen=True):
    """How one check went.

    Args:
        passed: whether it did.
        seconds: how long it took.
        detail: what the check says, or what it raised.
    """

    passed: bool
    seconds: float
    detail: str


class Report:
    """What the URLs answer.

    Args:
        results: how the checks went.
        details: whether `/health` names each check with its time and its error.
    """

    def __init__(self, results: Results, *, details: bool) -> None:
        self._results = results
        self._details = details
        self._started = False
        self._draining = False

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Remember that the app has started; everything else was opened before."""
        self._started, self._draining = True, False
        try:
            yield
        finally:
            self._started = False

    def stop(self) -> None:
        """Ask for no more requests: the process has been told to stop."""
        self._draining = True

    async def startup(self) -> Answer:
        """Answer 200 once everything is open."""
        return _answer(well=self._started)

    async def ready(self) -> Answer:
        """Answer 200 from the start until the process is told to stop, while every check passes."""
        results = await self._current()
        return _answer(well=self._is_ready(results))

    async def health(self) -> Answer:
        """Answer with the state as a whole, and with each check's where that may be told."""
        results = await self._current()
        body, status, headers = _answer(well=self._is_ready(results))
        if self._details:
            body["checks"] = {name: _told(result) for name, result in results.items()}
        return body, status, headers

    async def _current(self) -> dict[str, Result]:
        """Before the start, what the checks ask is not open."""
        return await self._results.current() if self._started else {}

    def _is_ready(self, results: dict[str, Result]) -> bool:
        well = all(result.passed for result in results.values())
        return well and self._started and not self._draining


class Results:
    """How the checks went a moment ago; all who ask at once wait for one run.

    Args:
        checks: they run side by side.
        clock: seconds, from any start.
    """

    def __init__(
        self, checks: Sequence[Check], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._results: dict[str, Result] = {}
        self._until = float("-inf")
        self._run: asyncio.Task[None] | None = None

    async def current(self) -> dict[str, Result]:
        """Return the results, at most a second old."""
        if self._clock() >= self._until:
            if self._run is None or self._run.get_loop() is not asyncio.get_running_loop():
                self._run = asyncio.create_task(self._renew())
            # A probe that goes away must not end the run that others wait for.
            await asyncio.shield(self._run)
        return self._results

    async def _renew(self) -> None:
        try:
            outcomes = await asyncio.gather(*(self._outcome(check) for check in self._checks))
            names = (check.name for check in self._checks)
            results = dict(zip(names, outcomes, strict=True))
            _log_changes(self._results, results)
            self._results = results
            self._until = self._clock() + FRESH
        finally:
            self._run = None

    async def _outcome(self, check: Check) -> Result:
        began = self._clock()
        try:
            async with asyncio.timeout(TIMEOUT):
                passed, detail = True, await check.call()
        except TimeoutError:
            passed, detail = False, f"no answer in {TIMEOUT:g} s"
        except Exception as error:  # noqa: BLE001 - any failure of a check is its result
            passed, detail = False, f"{type(error).__name__}: {error}"
        return Result(passed, self._clock() - began, detail)


def _log_changes(before: dict[str, Result], after: dict[str, Result]) -> None:
    """Note each check that fails or passes again, once."""
    for name, result in after.items():
        was_well = name not in before or before[name].passed
        if was_well and not result.passed:
            log.error("The check %s fails: %s", name, result.detail)
        elif not was_well and result.passed:
            log.info("The check %s passes again", name)


def _told(result: Result) -> dict[str, Any]:
    told = {"status": _word(result.passed), "time_ms": round(result.seconds * 1000, 1)}
    return told | ({"detail": result.detail} if result.detail else {})


def _answer(*, well: bool) -> Answer:
    return {"status": _word(well)}, 200 if well else 503, NO_STORE


def _word(passed: bool) -> str:
    return "pass" if passed else "fail"
