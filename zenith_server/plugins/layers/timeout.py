"""A stuck handler ends."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task, current_task, get_running_loop
from collections import deque
from typing import Any

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable
from zenith_server.protocol import Scope

KEY = "zenith.timed"
# Into how many parts its time is cut: a request is ended at most one part late.
PARTS = 20
# The requests that began in the same part, each with its task, by the identity of what was sent.
Waiting = dict[int, tuple[Any, list[Any]]]


class Timeout(Plugin):
    """Cancels a handler whose answer has not begun within `requests.timeout`, and answers 503.

    What it holds is given back as after any error; a session rolls back. An answer that has begun
    may take as long as it likes.
    """

    name = "timeout"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        seconds = draft.settings.requests.timeout
        if seconds <= 0:
            draft.idle(self.name, "requests.timeout is 0")
            return
        timed = Timed(seconds)
        draft.hook(
            self.name,
            start=timed.start,
            finish=timed.finish,
            cancelled=timed.cancelled,
            only="http",
        )


class Timed:
    """Gives each request so many seconds for its answer to begin.

    A request that a handler makes to its own app ends with that of the handler, because both run
    in one task.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watches: dict[AbstractEventLoop, Watch] = {}
        self._late: Waiting = {}

    def start(self, scope: Scope) -> None:
        """Begin to wait."""
        loop = get_running_loop()
        watch = self._watches.get(loop) or self._new(loop)
        sent = scope["zenith.sent"]
        waiting = scope[KEY] = watch.newest
        waiting[id(sent)] = (current_task(loop), sent)
        if not watch.is_timed:
            watch.begin()

    def cancelled(self, scope: Scope) -> ServiceUnavailable | None:
        """Return what a request that was too late is answered."""
        task, _ = self._late.get(id(scope["zenith.sent"]), NOBODY)
        # Another cancellation, such as that of a stopping worker, stays one.
        if task is None or task.uncancel() > 0:
            return None
        return ServiceUnavailable(f"No answer within {self._seconds:g} s")

    def finish(self, scope: Scope) -> None:
        """Wait no longer; nothing is there when an earlier hook refused the request."""
        waiting: Waiting | None = scope.get(KEY)
        if waiting is not None:
            waiting.pop(id(scope["zenith.sent"]), None)
            if self._late:
                self._late.pop(id(scope["zenith.sent"]), None)

    def _new(self, loop: AbstractEventLoop) -> Watch:
        """Return the watch of an event loop; those of closed loops are let go."""
        for other in tuple(self._watches):
            if other.is_closed():
                self._watches.pop(other, None)
        watch = self._watches[loop] = Watch(loop, self._seconds, self._late)
        return watch


NOBODY: tuple[Task[Any] | None, list[Any]] = (None, [])


class Watch:
    """The requests of one event loop, by the part of the time in which they began.

    One timer for all of them: `asyncio.timeout` would set one for each request, which costs more
    than a small handler does, and so would a look at the clock.

    Args:
        loop: theirs.
        seconds: the time of each.
        late: where those are put that had too little.
    """

    def __init__(self, loop: AbstractEventLoop, seconds: float, late: Waiting) -> None:
        self.newest: Waiting = {}
        self.is_timed = False
        self._parts: deque[Waiting] = deque([self.newest])
        self._loop = loop
        self._part = seconds / PARTS
        self._late = late

    def begin(self) -> None:
        """Let the time run, until nobody waits."""
        self.is_timed = True
        self._loop.call_later(self._part, self._turn)

    def _turn(self) -> None:
        """End those that began a whole time before this part, and begin the next one."""
        if len(self._parts) > PARTS:
            self._expire(self._parts.popleft())
        self.newest = {}
        self._parts.append(self.newest)
        if any(self._parts):
            self._loop.call_later(self._part, self._turn)
        else:
            self.is_timed = False

    def _expire(self, waiting: Waiting) -> None:
        for key, (task, sent) in waiting.items():
            if not sent[0]:
                self._late[key] = (task, sent)
                task.cancel()
