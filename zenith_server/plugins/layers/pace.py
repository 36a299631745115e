"""How slow a client may send its body."""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, Task, current_task, get_running_loop
from dataclasses import dataclass
from time import monotonic
from typing import Any

from zenith_server.problems import HTTPException
from zenith_server.protocol import Message, Receive

# A connection may begin slowly.
GRACE = 5.0
_TICK = 1.0


@dataclass(slots=True)
class Body:
    """A body on its way: since when, and how many bytes of it are here."""

    since: float
    size: int = 0
    late: str = ""


class Pace:
    """Ends the wait for bodies that take too long or come too slowly, with 408.

    One timer for all that are waited for; none while nothing is.

    Args:
        rate: bytes a second, on average, after the first five seconds; 0 for any.
        longest: seconds that a whole body may take; 0 for any.
    """

    def __init__(self, rate: int, longest: float) -> None:
        self._rate = rate
        self._longest = longest
        self._waiting: dict[AbstractEventLoop, dict[Task[Any], Body]] = {}

    def paced(self, receive: Receive) -> Receive:
        """Return a `receive` that raises when the body is too slow."""
        body: Body | None = None
        whole = False

        async def receive_paced() -> Message:
            nonlocal body, whole
            if whole:
                return await receive()
            if body is None:
                body = Body(monotonic())
            loop = get_running_loop()
            waiting = self._waiting.get(loop)
            if waiting is None:
                waiting = self._begin(loop)
            task: Any = current_task(loop)
            waiting[task] = body
            try:
                message = await receive()
            except CancelledError:
                # Another cancellation, such as that of a stopping worker, stays one.
                if not body.late or task.uncancel() > 0:
                    raise
                raise HTTPException(408, body.late) from None
            finally:
                del waiting[task]
            body.size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            return message

        return receive_paced

    def _begin(self, loop: AbstractEventLoop) -> dict[Task[Any], Body]:
        for other in tuple(self._waiting):
            if other.is_closed():
                del self._waiting[other]
        loop.call_later(_TICK, self._look, loop)
        waiting = self._waiting[loop] = {}
        return waiting

    def _look(self, loop: AbstractEventLoop) -> None:
        """Cancel who waits for what is too slow; look again while somebody waits."""
        waiting = self._waiting[loop]
        if not waiting:
            del self._waiting[loop]
            return
        now = monotonic()
        for task, body in waiting.items():
            if not body.late and (late := self._fault(body, now - body.since)):
                body.late = late
                task.cancel()
        loop.call_later(_TICK, self._look, loop)

    def _fault(self, body: Body, seconds: float) -> str:
        if self._longest and seconds >= self._longest:
            return f"The body did not arrive within {self._longest:g} s"
        if seconds >= GRACE and body.size < self._rate * seconds:
            return f"The body came more slowly than {self._rate} bytes a second"
        return ""
