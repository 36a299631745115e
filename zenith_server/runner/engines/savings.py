"""What Hypercorn does for each request and need not: tasks, packets and dates.

The classes of `repairs` are built on these. Nothing here changes what a client sees.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Any, cast

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, RawData, Updated
from hypercorn.events import Event as ConnectionEvent
from hypercorn.protocol.h11 import H11Protocol


class Dated(Config):
    """A configuration whose headers are made once a second, with the date in them."""

    _second = -1

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """Return the headers that each answer gets."""
        second = int(time())
        if second != self._second:
            self._second, self._made = second, dict[str, list[tuple[bytes, bytes]]]()
        made = self._made.get(protocol)
        if made is None:
            made = self._made[protocol] = super().response_headers(protocol)
        return made


class Context(WorkerContext):
    """What the connections of a worker share."""

    def __init__(self) -> None:
        super().__init__(None)
        self.idle: set[Idle] = set()

    async def end(self) -> None:
        """Let connections close once they have nothing to do."""
        await self.terminated.set()
        for idle in list(self.idle):
            idle.over()


class Idle:
    """The time that a connection may be idle: a timer, which is restarted at each request.

    It stands in for two tasks of Hypercorn's, and is asked as these are.
    """

    def __init__(self, connection: Connection, context: Context) -> None:
        self._connection = connection
        self._context = context
        self._timer: asyncio.TimerHandle | None = None

    async def restart(self, _group: object, _action: object) -> None:
        """Count from now on."""
        await self.stop()
        if self._context.terminated.is_set():
            self.over()
            return
        seconds = self._connection.config.keep_alive_timeout
        self._timer = self._connection.loop.call_later(seconds, self.over)
        self._context.idle.add(self)

    async def stop(self) -> None:
        """Count no further."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._context.idle.discard(self)

    def over(self) -> None:
        """Close the connection."""
        self._context.idle.discard(self)
        self._closing = self._connection.loop.create_task(self._connection.end())


@dataclass(frozen=True)
class Head(RawData):
    """The head of an answer, whose body comes in a moment."""


class H11(H11Protocol):
    """HTTP/1.1 that says what is the head of an answer."""

    async def _send_h11_event(self, event: Any) -> None:
        try:
            data: bytes = cast("Any", self.connection).send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
        else:
            await self.send((Head if event.__class__ is h11.Response else RawData)(data))


class Connection(TCPServer):
    """A connection that sends a head together with the beginning of its body: one packet, not two.

    A body that does not come at once is not waited for.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._head = b""
        self.idle_task: Any = Idle(self, cast("Context", self.context))

    async def end(self) -> None:
        """Close it from our side."""
        await self._initiate_server_close()

    async def protocol_send(self, event: ConnectionEvent) -> None:
        """Send what the protocol says, or do it."""
        if isinstance(event, Head):
            self._head = event.data
            self.loop.call_soon(self.send_head)
        elif isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, Updated):
            await (self.idle_task.restart(None, None) if event.idle else self.idle_task.stop())
        elif isinstance(event, Closed):
            await self._close()

    async def _send(self, data: bytes) -> None:
        try:
            if self._head or data:
                head, self._head = self._head, b""
                self.writer.write(head + data)
            await self.writer.drain()
        except (ConnectionError, RuntimeError):
            await self.protocol.handle(Closed())

    def send_head(self) -> None:
        """Send a head that waits for its body, if there is one."""
        head, self._head = self._head, b""
        if head:
            with suppress(RuntimeError):  # closed by now
                self.writer.write(head)

    async def _close(self) -> None:
        self.send_head()
        await super()._close()
