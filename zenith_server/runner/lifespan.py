"""The app's lifespan, driven by us and not by the engine, so that both engines behave alike."""

from __future__ import annotations

import asyncio
from typing import Any

from zenith_server.protocol import ASGIApp, Message


class LifespanError(Exception):
    """The app said that its start-up or shutdown failed.

    Args:
        message: what it said.
        reason: the exception that it came of, where the app is ours.
    """

    def __init__(self, message: str, reason: BaseException | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class Lifespan:
    """One run of the ASGI lifespan protocol.

    Source: https://asgi.readthedocs.io/en/latest/specs/lifespan.html. An app that raises on the
    lifespan scope before it asked for a message does not know the protocol, which is allowed; any
    later exception is a failed start.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._spoken_to = False
        self.state: dict[str, Any] = {}

    async def startup(self) -> None:
        """Start the app.

        Raises:
            LifespanError: the app sent `lifespan.startup.failed`.
            Exception: what the app raised instead.
        """
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        running = self._app(scope, self._receive, self._from_app.put)
        self._task = asyncio.ensure_future(running)
        await self._exchange("startup", self._task)

    async def shutdown(self) -> None:
        """Stop the app; raises as `startup` does."""
        if self._task is not None and not self._task.done():
            await self._exchange("shutdown", self._task)

    async def _receive(self) -> Message:
        self._spoken_to = True
        return await self._to_app.get()

    async def _exchange(self, phase: str, task: asyncio.Task[None]) -> None:
        self._to_app.put_nowait({"type": f"lifespan.{phase}"})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait({answer, task}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            _check(answer.result())
            return
        answer.cancel()
        if self._from_app.qsize():
            _check(self._from_app.get_nowait())
        elif self._spoken_to:
            task.result()
        else:
            # Retrieved, so that asyncio does not report it: the app has no lifespan.
            task.exception()


def _check(message: Message) -> None:
    if str(message["type"]).endswith(".failed"):
        said = message.get("message") or message["type"]
        raise LifespanError(said, message.get("zenith.error"))
