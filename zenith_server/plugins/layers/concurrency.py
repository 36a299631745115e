"""No more work at a time than can be done, and no endless queue for it."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Awaitable

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable
from zenith_server.protocol import Scope

PLACE = "zenith.place"


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
        room = Room(requests.concurrency, requests.queue)
        draft.hook(self.name, start=room.enter, wait=room.take_turn, finish=room.leave, only="http")


class Room:
    """Counts who is inside, in one worker.

    Args:
        most: how many are handled at a time.
        queue: how many more may wait.
    """

    def __init__(self, most: int, queue: int) -> None:
        self._most = most
        self._limit = most + queue
        self._inside = 0
        self._handled = 0
        self._waiting: deque[Future[None]] = deque()

    def enter(self, scope: Scope) -> None:
        """Count a request in.

        Raises:
            ServiceUnavailable: there is no room to wait in either.
        """
        if self._inside >= self._limit:
            raise ServiceUnavailable("The server is busy", {"retry-after": "1"})
        self._inside += 1
        # A list, because layers copy the scope and all copies must see the same.
        scope[PLACE] = [False]

    def leave(self, scope: Scope) -> None:
        """Count a request out; the first in the queue takes its place."""
        place = scope.get(PLACE)
        if place is not None:
            self._inside -= 1
            if place[0]:
                self._give_on()

    def take_turn(self, scope: Scope) -> Awaitable[None] | None:
        """Return what a request has to wait for, if anything."""
        if self._handled >= self._most:
            return self._in_turn(scope)
        self._handled += 1
        scope[PLACE][0] = True
        return None

    async def _in_turn(self, scope: Scope) -> None:
        turn: Future[None] = get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._give_on()
            raise
        scope[PLACE][0] = True

    def _give_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._handled -= 1
