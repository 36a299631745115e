"""No more work at a time than can be done, and no endless queue for it."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Awaitable

from zenith_server.draft import Draft
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable
from zenith_server.protocol import Scope


class Concurrency(Plugin):
    """Lets `requests.concurrency` requests be handled at a time and `requests.queue` wait.

    Whoever comes then is told at once to come back: 503 with `Retry-After`. WebSockets and the
    health URLs do not count.
    """

    name = "concurrency"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        requests = draft.settings.requests
        if requests.concurrency <= 0:
            draft.idle(self.name, "requests.concurrency is 0")
            return
        room = Room(requests.concurrency, requests.queue, draft.running.exchanges)
        draft.hook(
            self.name,
            running=draft.running,
            wait=room.take_turn,
            finish=room.leave,
            only="http",
        )


class Room:
    """The place for requests in one worker.

    All that run are handled, but for those who wait: so as long as somebody waits, as many are
    handled as may be.

    Args:
        most: how many are handled at a time.
        queue: how many more may wait.
        running: those who are here.
    """

    def __init__(self, most: int, queue: int, running: dict[int, Exchange]) -> None:
        self._most = most
        self._limit = most + queue
        self._running = running
        self._waiting: deque[Future[None]] = deque()

    def take_turn(self, scope: Scope) -> Awaitable[None] | None:
        """Return what a request that came in has to wait for, if anything.

        Raises:
            ServiceUnavailable: there is no room to wait in either.
        """
        if len(self._running) <= self._most:
            return None
        if len(self._running) > self._limit:
            # It is out before its refusal is sent, which may take a while.
            del self._running[id(scope[EXCHANGE])]
            raise ServiceUnavailable("The server is busy", {"retry-after": "1"})
        return self._in_turn()

    def leave(self, _: Scope) -> None:
        """Give the place of a request that is over to the first who waits."""
        while self._waiting and len(self._running) - len(self._waiting) < self._most:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)

    async def _in_turn(self) -> None:
        turn: Future[None] = get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn in self._waiting:
                self._waiting.remove(turn)
            raise
