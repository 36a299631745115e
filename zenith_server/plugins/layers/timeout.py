"""A stuck handler ends."""

from __future__ import annotations

from asyncio import current_task

from zenith_server.draft import Draft
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable
from zenith_server.protocol import Scope

# Into how many parts its time is cut: a request is ended at most one part late.
PARTS = 20


class Timeout(Plugin):
    """Cancels a handler whose answer has not begun within `requests.timeout`, and answers 503.

    What it holds is given back as after any error; a session rolls back. An answer that has begun
    may take as long as it likes. A request that a handler makes to its own app ends with that of
    the handler, because both run in one task.
    """

    name = "timeout"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        seconds = draft.settings.requests.timeout
        if seconds <= 0:
            draft.idle(self.name, "requests.timeout is 0")
            return

        def look(exchange: Exchange, now: float) -> None:
            task = exchange.task
            if task is not None and not exchange.status and now - exchange.began >= seconds:
                exchange.task = None
                task.cancel()

        def cancelled(scope: Scope) -> ServiceUnavailable | None:
            exchange: Exchange = scope[EXCHANGE]
            task = current_task()
            # Another cancellation, such as that of a stopping worker, stays one.
            if exchange.task is not None or task is None or task.uncancel() > 0:
                return None
            return ServiceUnavailable(f"No answer within {seconds:g} s")

        draft.running.watch(look, seconds / PARTS)
        draft.hook(self.name, running=draft.running, cancelled=cancelled, only="http")
