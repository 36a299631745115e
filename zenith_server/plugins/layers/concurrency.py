"""No more work at a time than can be done, and no endless queue for it."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import deque

from zenith_server.draft import Draft
from zenith_server.exchange import Exchange
from zenith_server.plan import Inline
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable


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
        names = {
            "running": draft.running.exchanges,
            "most": requests.concurrency,
            "turn": room.turn,
            "waiting": room.waiting,
            "leave": room.leave,
        }
        draft.hook(
            self.name,
            running=draft.running,
            wait=Inline("if len($running) > $most: await $turn(exchange)", names),
            finish=Inline("if $waiting: $leave()", names),
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

    def __init__(self, most: int, queue: int, running: set[Exchange]) -> None:
        self._most = most
        self._limit = most + queue
        self._running = running
        self.waiting: deque[Future[None]] = deque()

    async def turn(self, exchange: Exchange) -> None:
        """Wait for the turn of a request that came when as many ran as may.

        Raises:
            ServiceUnavailable: there is no room to wait in either.
        """
        if len(self._running) > self._limit:
            # It is out before its refusal is sent, which may take a while.
            self._running.discard(exchange)
            raise ServiceUnavailable("The server is busy", {"retry-after": "1"})
        turn: Future[None] = get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn in self.waiting:
                self.waiting.remove(turn)
            raise

    def leave(self) -> None:
        """Give the place of a request that is over to the first who waits."""
        while self.waiting and len(self._running) - len(self.waiting) < self._most:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
