"""What one request asks its databases: how often, for how long, and from which lines."""

from __future__ import annotations

import logging
from collections import Counter
from contextvars import ContextVar

from msgspec import Struct, field

SLOW = 0.2
"""Seconds from which a statement is reported."""
OFTEN = 5
"""How often one line may send the same statement in a request before it is reported."""

_log = logging.getLogger("zenith_server.database")


class Watch(Struct):
    """The statements of one request.

    Args:
        request: its method and path.
    """

    request: str
    count: int = 0
    seconds: float = 0.0
    asked: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def note(self, statement: str, line: str, seconds: float) -> None:
        """Count a statement that a line of the project sent."""
        self.count += 1
        self.seconds += seconds
        self.asked[statement, line] += 1

    def report(self) -> None:
        """Log the statements that one line sent many times: each row asked for one by one."""
        for (statement, line), times in self.asked.items():
            if times >= OFTEN:
                _log.warning(
                    "%s sent one statement %d times from %s: %s; read the rows at once, with IN "
                    "or selectinload()",
                    *(self.request, times, line or "a library", _short(statement)),
                )


watched: ContextVar[Watch | None] = ContextVar("zenith_watch", default=None)
"""The watch of the request that runs in this context, if somebody watches."""


def note(statement: str, line: str, seconds: float) -> None:
    """Count a statement for the request of this context, and log it if it was slow."""
    watch = watched.get()
    if watch is not None:
        watch.note(statement, line, seconds)
    if seconds >= SLOW:
        _log.warning("A statement took %.2f s, from %s: %s", seconds, line, _short(statement))


def _short(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
