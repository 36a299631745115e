"""A request and its answer on their way."""

from __future__ import annotations

from asyncio import Task
from typing import Any

import msgspec

EXCHANGE = "zenith.exchange"
"""Where a scope holds its exchange: one object, however often layers copy the scope."""


class Exchange(msgspec.Struct, eq=False):
    """What is known of a request while it is answered, for those who note, count or end it.

    Args:
        began: when the request came, as `time.perf_counter()` has it.
        task: the task that answers it; None once it was told that its time is over.
        status: that of the response; 0 before it has begun.
        size: bytes of the response's body so far.
        endpoint: what the path led to, if anything.
        limit: how many bytes the request's body may have.
        declared: how many it says that it has.
        read: how many of them were read.
        reading: since when somebody was seen to wait for the body; 0 before, and infinite once all
            of it is here.
        reader: the task that waits for the next part of the body.
        late: why the body comes too slowly, if it does.
    """

    began: float
    task: Task[Any] | None = None
    status: int = 0
    size: int = 0
    endpoint: Any = None
    limit: int = 0
    declared: int = 0
    read: int = 0
    reading: float = 0.0
    reader: Task[Any] | None = None
    late: str = ""
