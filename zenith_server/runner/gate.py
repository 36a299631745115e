"""The door that every request of a worker passes, so that stopping can be fair and bounded."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send


class Gate:
    """Counts what is in flight, and asks clients to leave while the worker is stopping.

    Args:
        app: the app behind the gate; it never sees lifespan messages from an engine.
        state: the lifespan state that each request gets a copy of.
    """

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last = time.monotonic()
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._tasks.add(task)
        scope["state"] = self._state.copy()
        try:
            await self._app(scope, receive, self._farewell(scope, send) if self.closing else send)
        finally:
            self._tasks.discard(task)
            self._last = time.monotonic()

    def _farewell(self, scope: Scope, send: Send) -> Send:
        """Add `Connection: close`, so that the client opens its next connection elsewhere."""
        self._last = time.monotonic()
        if scope["type"] != "http" or not scope["http_version"].startswith("1"):
            return send

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        return closing

    async def settle(self, moment: float, longest: float) -> None:
        """Wait until no request has come or gone for a moment.

        Args:
            moment: how long it must have been quiet, in seconds.
            longest: when to go on regardless, in seconds.
        """
        self._last = time.monotonic()
        deadline = self._last + longest
        while (rest := min(self._last + moment, deadline) - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(rest)

    async def cancel(self, patience: float) -> None:
        """Cancel every request that is still in flight and wait for them to end, for a while."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience)
