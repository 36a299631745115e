"""All requests that a worker has on their way at the moment."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from zenith_server.exchange import Exchange

    Look = Callable[[Exchange, float], None]


class Running:
    """The requests that are answered at the moment, looked at now and then.

    There is one timer an event loop for all who wait for a time to pass, and none while nothing
    runs: a timer for each request costs more than a small handler does. So does asking which loop
    runs; a request looks at the clock alone, and whether a look is overdue.
    """

    def __init__(self) -> None:
        self.exchanges: set[Exchange] = set()
        self.looks: list[Look] = []
        self.due = 0.0
        # Where the last timer was begun: mostly the only loop that there is.
        self.loop: AbstractEventLoop | None = None
        self.thread = 0
        self._timed: set[AbstractEventLoop] = set()
        self._pause = 0.0

    def watch(self, look: Look, pause: float) -> None:
        """Have a function called with each exchange and the time, on the loop that runs it.

        Args:
            look: the function.
            pause: seconds between two looks, at most.
        """
        self.looks.append(look)
        self._pause = min(self._pause or pause, pause)

    def begin(self) -> None:
        """Let the time of the running loop run, until nothing is on its way there."""
        from asyncio import get_running_loop

        for other in tuple(self._timed):
            if other.is_closed():
                self._timed.discard(other)
        loop = get_running_loop()
        self.loop, self.thread = loop, get_ident()
        if loop not in self._timed:
            self._timed.add(loop)
            self._look_later(loop)

    def stop(self) -> None:
        """The loop is about to end, and its timer with it: who comes next begins again."""
        self.due = 0.0

    def _look_later(self, loop: AbstractEventLoop) -> None:
        self.due = perf_counter() + 2 * self._pause
        loop.call_later(self._pause, self._look, loop)

    def _look(self, loop: AbstractEventLoop) -> None:
        now = perf_counter()
        others: set[AbstractEventLoop] = set()
        is_idle = True
        # A copy, because other threads may have loops of their own.
        for exchange in self.exchanges.copy():
            home = loop if exchange.task is None else exchange.task.get_loop()
            if home is not loop:
                others.add(home)
                continue
            is_idle = False
            for look in self.looks:
                look(exchange, now)
        for other in others - self._timed:
            other.call_soon_threadsafe(self.begin)
        if is_idle:
            self.due = 0.0
            self._timed.discard(loop)
        else:
            self._look_later(loop)
