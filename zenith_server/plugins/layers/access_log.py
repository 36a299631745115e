"""One line for each request, after its last byte."""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from time import perf_counter, time
from typing import Any

import msgspec

from zenith_server.draft import Draft
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.logs import Lines, only_json
from zenith_server.plugin import Plugin
from zenith_server.protocol import Scope

log = logging.getLogger("zenith_server.access")

# What nginx notes when the client went away before it got an answer.
GONE = 499
# Seconds that a line may wait for others, and how many wait at most.
PATIENCE = 0.1
MOST = 64


class AccessLog(Plugin):
    """Notes method, path, status, duration, bytes, client and request id.

    The query string is left out: tokens and addresses of people stand there.
    """

    name = "access_log"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        level = draft.settings.logging.level
        if level not in ("debug", "info"):
            draft.idle(self.name, f"logging.level is {level}, and requests are info")
            return
        notes = Notes()
        draft.lifespan(self.name, notes.running)
        draft.hook(self.name, finish=notes.add)


# What is kept of a request until its line is written: when it ended and began, method, path, what
# was sent, client and request id. Not a named tuple, which is ten times as dear.
Note = tuple[float, float, str, str, int, int, Any, str]


class Line(msgspec.Struct, frozen=True, gc=False):
    """What is noted of a request: for machines its fields, for people its text."""

    time: str
    level: str
    logger: str
    method: str
    path: str
    status: int
    duration_ms: float
    bytes: int
    client: str
    request_id: str

    def __str__(self) -> str:
        """Return the text."""
        return (
            f"{self.method} {self.path} {self.status} in {self.duration_ms} ms, "
            f"{self.bytes} bytes, {self.client}, {self.request_id}"
        )


class Notes:
    """Writes the lines of requests: several at once where nothing but our JSON is written.

    A line alone costs as much as a small handler, most of it for making and writing one record.
    While the app runs, lines wait for each other for at most 0.1 s; whatever ends the app but
    SIGKILL writes them first. Anyone else who listens to the logger, and a person at a terminal,
    gets each at once.
    """

    def __init__(self) -> None:
        self._waiting: list[Note] = []
        self._is_running = False
        self._encode = msgspec.json.Encoder().encode_lines

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Let lines wait; at the end write them all."""
        atexit.register(self.write)
        self._is_running = True
        try:
            yield
        finally:
            self._is_running = False
            self.write()
            atexit.unregister(self.write)

    def add(self, scope: Scope) -> None:
        """Note a request that is over."""
        waiting = self._waiting
        get = scope.get
        exchange: Exchange = scope[EXCHANGE]
        waiting.append(
            (
                perf_counter(),
                exchange.began,
                get("method", "WEBSOCKET"),
                scope["path"],
                exchange.status,
                exchange.size,
                get("client"),
                get("request_id", "-"),
            )
        )
        if len(waiting) == 1 and self._is_running and only_json(log) is not None:
            asyncio.get_running_loop().call_later(PATIENCE, self.write)
        elif len(waiting) == 1 or len(waiting) >= MOST:
            self.write()

    def write(self) -> None:
        """Write the lines that wait."""
        notes, self._waiting = self._waiting, []
        if not notes or not log.isEnabledFor(logging.INFO):
            return
        offset = time() - perf_counter()
        lines = [line_of(note, offset) for note in notes]
        handler = only_json(log)
        if handler is None or not self._write_all(handler, lines):
            for note, line in zip(notes, lines, strict=True):
                log.handle(record_of(line, note[0] + offset))

    def _write_all(self, handler: Lines, lines: list[Line]) -> bool:
        try:
            text = self._encode(lines)
        except UnicodeEncodeError:  # half a surrogate pair in a path; one by one they are escaped
            return False
        handler.write(text)
        return True


def line_of(note: Note, offset: float) -> Line:
    """Return the line of a request; `offset` is what the clock on the wall is ahead by."""
    ended, began, method, path, status, size, client, request_id = note
    return Line(
        moment(ended + offset),
        "info",
        log.name,
        method,
        path,
        status or GONE,
        int((ended - began) * 100_000) / 100,
        size,
        client[0] if client else "-",
        request_id,
    )


def moment(seconds: float) -> str:
    """Return a time since the epoch as RFC 3339 has it; a `datetime` costs five times as much.

    Example:
        >>> moment(0.25)
        '1970-01-01T00:00:00.250000Z'
    """
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06}Z"


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def record_of(line: Line, ended: float) -> logging.LogRecord:
    """Return the record of a line.

    `log.info` would look for its caller, who is always the same.
    """
    record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, (), None, "finish")
    record.created, record.msecs = ended, ended % 1 * 1000
    return record
