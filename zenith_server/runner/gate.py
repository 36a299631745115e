"""The door that every request of a worker passes, so that stopping can be fair and bounded."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, cast

from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send
from zenith_server.runner.conversation import Conversation
from zenith_server.runner.pulse import Counts


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
        self._sockets: set[Conversation] = set()
        self._requests = 0
        self._last = time.monotonic()
        self._parting = False
        self.closing = False

    @property
    def counts(self) -> Counts:
        """What came so far, and what is open."""
        return Counts(self._requests, len(self._tasks), len(self._sockets))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._tasks.add(task)
        self._requests += 1
        scope["state"] = self._state.copy()
        try:
            if scope["type"] == "websocket":
                await self._converse(scope, receive, send)
            else:
                await self._app(
                    scope, receive, self._farewell(scope, send) if self.closing else send
                )
        finally:
            self._tasks.discard(task)
            self._last = time.monotonic()

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        conversation = Conversation(send)
        conversation.leaving = self._parting
        self._sockets.add(conversation)
        try:
            await self._app(scope, receive, conversation.send)
        finally:
            self._sockets.discard(conversation)

    def _farewell(self, scope: Scope, send: Send) -> Send:
        """Add `Connection: close`, so that the client opens its next connection elsewhere."""
        self._last = time.monotonic()
        if not scope["http_version"].startswith("1"):
            return send

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        return closing

    async def part(self, spread: float) -> None:
        """Close every WebSocket, each at a moment of its own, so that not all come back at once.

        Args:
            spread: over how many seconds.
        """
        self._parting = True

        async def leave(conversation: Conversation) -> None:
            await asyncio.sleep(random.uniform(0.0, spread))  # noqa: S311
            await conversation.leave()

        # One that fails has lost its client, which needs no goodbye.
        await asyncio.gather(*map(leave, self._sockets), return_exceptions=True)

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
