"""What happens to single connections of an engine: those the server closed, those left behind."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine


class _Terminable(Protocol):
    def terminate(self) -> None: ...


Tracked = set[_Terminable]


def track(engine: AsyncEngine) -> Tracked:
    """Return a set that always holds the engine's open connections."""
    tracked: Tracked = set()

    def opened(connection: _Terminable, _record: object) -> None:
        tracked.add(connection)

    def closed(connection: _Terminable, _record: object) -> None:
        tracked.discard(connection)

    event.listen(engine.sync_engine, "connect", opened)
    event.listen(engine.sync_engine, "close", closed)
    return tracked


def terminate(tracked: Tracked) -> None:
    """Drop the connections of an event loop that is closed, without awaiting anything.

    It happens in a thread of its own, since aiosqlite would answer to a loop that runs here.
    """
    thread = Thread(target=_terminate, args=(tracked,))
    thread.start()
    thread.join()


def _terminate(tracked: Tracked) -> None:
    while tracked:
        # asyncpg cannot take its transport off a closed loop; that goes with the last reference.
        with suppress(RuntimeError):
            tracked.pop().terminate()


def replace_closed(engine: AsyncEngine) -> None:
    """Replace connections that the server has closed when they are next taken from the pool.

    asyncpg and asyncmy hear of it as it happens, so this costs no round trip, as a ping would.
    """

    def check(_connection: object, record: Any, _proxy: object) -> None:
        if _is_closed(record.driver_connection):
            raise InvalidatePoolError

    event.listen(engine.sync_engine, "checkout", check)


def _is_closed(connection: Any) -> bool:
    if hasattr(connection, "is_closed"):
        return connection.is_closed()
    return connection._stream_broken  # asyncmy says it nowhere else
