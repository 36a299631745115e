"""`/health`: is the process alive, may it get requests, has it started, and how are its parts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from zenith_server.draft import Draft
from zenith_server.plan import Check
from zenith_server.plugin import Plugin

TIMEOUT = 2.0
FRESH = 1.0


class Health(Plugin):
    """Adds the four URLs that orchestrators ask.

    They are answered before any layer, so that no redirect and no host check turns a probe green
    or red by mistake. Liveness asks no other part: a database that is away must not restart the
    processes that wait for it.
    """

    name = "health"

    def setup(self, draft: Draft) -> None:
        """Add the routes."""
        report = Report(draft.checks, details=draft.settings.health.details)
        draft.lifespan("health", report.serving)
        for url, handler in {
            "/health/live": report.live,
            "/health/ready": report.ready,
            "/health/startup": report.startup,
            "/health": report.health,
        }.items():
            draft.route("GET", url, handler, outside=True)


class Report:
    """What the four URLs answer.

    Args:
        checks: what readiness depends on.
        details: whether `/health` says what is wrong with a part, or only that it is.
    """

    def __init__(self, checks: list[Check], *, details: bool) -> None:
        self.checks = checks
        self.details = details
        self.started = False
        self._last: dict[str, dict[str, str]] = {}
        self._at = 0.0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Remember that the app has started; everything else was opened before."""
        self.started = True
        try:
            yield
        finally:
            self.started = False

    async def live(self) -> dict[str, str]:
        """Answer as long as the event loop runs."""
        return {"status": "pass"}

    async def startup(self) -> tuple[dict[str, str], int]:
        """Answer 200 once everything is open."""
        return _answer(self.started)

    async def ready(self) -> tuple[dict[str, str], int]:
        """Answer 200 while every check passes."""
        return _answer(self.started and _all_pass(await self.results()))

    async def health(self) -> tuple[dict[str, Any], int]:
        """Answer with each part's state."""
        results = await self.results()
        body, status = _answer(self.started and _all_pass(results))
        return {**body, "checks": results}, status

    async def results(self) -> dict[str, dict[str, str]]:
        """Run all checks side by side, at most once a second."""
        if time.monotonic() - self._at >= FRESH:
            outcomes = await asyncio.gather(*(self._outcome(check) for check in self.checks))
            names = (check.name for check in self.checks)
            self._last = dict(zip(names, outcomes, strict=True))
            self._at = time.monotonic()
        return self._last

    async def _outcome(self, check: Check) -> dict[str, str]:
        try:
            async with asyncio.timeout(TIMEOUT):
                note = await check.call()
        except TimeoutError:
            return {"status": "fail"} | self._detail(f"no answer in {TIMEOUT:g} s")
        except Exception as error:  # noqa: BLE001 - any failure of a check is its result
            return {"status": "fail"} | self._detail(f"{type(error).__name__}: {error}")
        return {"status": "pass"} | self._detail(note)

    def _detail(self, text: str) -> dict[str, str]:
        return {"detail": text} if self.details and text else {}


def _all_pass(results: dict[str, dict[str, str]]) -> bool:
    return all(result["status"] == "pass" for result in results.values())


def _answer(well: bool) -> tuple[dict[str, str], int]:  # noqa: FBT001 - a value, not a switch
    return {"status": "pass" if well else "fail"}, 200 if well else 503
