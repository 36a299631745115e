"""A stuck handler ends."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task, current_task, get_running_loop
from time import monotonic
from typing import Any

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.problems import ServiceUnavailable
from zenith_server.protocol import Scope


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
    """Gives each request so many seconds for its answer to begin."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)

    def start(self, scope: Scope) -> None:
        """Begin to wait.

        A request that a handler makes to its own app lives within the handler's time.
        """
        watch = self._deadlines.of_loop()
        task: Any = current_task(watch.loop)
        if task not in watch.waiting:
            watch.add(task, scope["zenith.sent"])

    def cancelled(self, scope: Scope) -> ServiceUnavailable | None:
        """Return what a request that was too late is answered."""
        watch = self._deadlines.of_loop()
        task: Any = current_task(watch.loop)
        # Another cancellation, such as that of a stopping worker, stays one.
        if not self._is_ours(watch, task, scope) or task not in watch.late or task.uncancel() > 0:
            return None
        return ServiceUnavailable(f"No answer within {self._seconds:g} s")

    def finish(self, scope: Scope) -> None:
        """Wait no longer."""
        watch = self._deadlines.of_loop()
        task: Any = current_task(watch.loop)
        if self._is_ours(watch, task, scope):
            del watch.waiting[task]
            if watch.late:
                watch.late.discard(task)

    def _is_ours(self, watch: Watch, task: Any, scope: Scope) -> bool:
        waiting = watch.waiting.get(task)
        return waiting is not None and waiting[1] is scope["zenith.sent"]


class Watch:
    """The requests of one event loop, oldest first, and one timer for all of them.

    All have the same time, so that the first to come is the first to expire. `asyncio.timeout`
    would set a timer for each request, which costs more than a small handler.
    """

    def __init__(self, loop: AbstractEventLoop, seconds: float) -> None:
        self.loop = loop
        self.seconds = seconds
        self.waiting: dict[Task[Any], tuple[float, list[int]]] = {}
        self.late: set[Task[Any]] = set()
        self.is_timed = False

    def add(self, task: Task[Any], sent: list[int]) -> None:
        """Begin to wait for a task's answer; `sent[0]` is its status once it has begun."""
        self.waiting[task] = (monotonic() + self.seconds, sent)
        if not self.is_timed:
            self.is_timed = True
            self.loop.call_later(self.seconds, self.expire)

    def expire(self) -> None:
        """Cancel what is late, and look again when the next one may be."""
        self.is_timed = False
        now = monotonic()
        for task, (deadline, sent) in self.waiting.items():
            if sent[0] or task in self.late:
                continue
            if deadline > now:
                self.is_timed = True
                self.loop.call_later(deadline - now, self.expire)
                return
            self.late.add(task)
            task.cancel()


class Deadlines:
    """The watch of each event loop; those of closed loops are let go."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watches: dict[AbstractEventLoop, Watch] = {}

    def of_loop(self) -> Watch:
        """Return the watch of the running loop."""
        loop = get_running_loop()
        watch = self._watches.get(loop)
        return watch if watch is not None else self._new(loop)

    def _new(self, loop: AbstractEventLoop) -> Watch:
        for other in tuple(self._watches):
            if other.is_closed():
                self._watches.pop(other, None)
        watch = self._watches[loop] = Watch(loop, self._seconds)
        return watch
