"""One line for each request, after its last byte."""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from zenith_server import logs
from zenith_server.draft import Draft
from zenith_server.logs import only_json
from zenith_server.plan import Inline
from zenith_server.plugin import Plugin

log = logging.getLogger("zenith_server.access")

# What nginx notes when the client went away before it got an answer.
GONE = 499
# Seconds that a line may wait for others, and how many wait at most.
PATIENCE = 0.1
MOST = 64
# Seconds for which lines have the same time.
TICK = 0.001


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
        lines = Lines()
        draft.lifespan(self.name, lines.running)
        draft.hook(self.name, finish=Inline(FINISH, lines.names))


FINISH = """
if not $waiting: $begin()
if ended > $lines.until: $tick(ended)
client = scope.get('client')
$waiting.append($Line(
    $lines.now, 'info', $name, scope.get('method', 'WEBSOCKET'), scope['path'],
    exchange.status or $GONE, (ended - exchange.began) * 100_000 // 1 / 100, exchange.size,
    client[0] if client else '-', scope.get('request_id', '-'),
))
if len($waiting) >= $lines.most: $write()
"""


class Line(msgspec.Struct, frozen=True, gc=False):
    """What is noted of a request: for machines its fields, for people its text."""

    time: datetime
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


class Lines:
    """Writes the lines of requests: several at once where nothing but our JSON is written.

    A line alone costs as much as a small handler, most of it for making and writing one record.
    While the app runs, lines wait for each other for at most 0.1 s; whatever ends the app but
    SIGKILL writes them first. Anyone else who listens to the logger, and a person at a terminal,
    gets each at once.
    """

    def __init__(self) -> None:
        self.most = 1
        # The time that lines have, and until when; to make one costs as much as all else of a line.
        self.now = datetime.now(UTC)
        self.until = 0.0
        self._waiting: list[Line] = []
        self._is_running = False
        self._encode = msgspec.json.Encoder().encode_lines

    @property
    def names(self) -> dict[str, Any]:
        """What the text that adds a line refers to."""
        return {
            "lines": self,
            "waiting": self._waiting,
            "begin": self._begin,
            "write": self.write,
            "Line": Line,
            "tick": self._tick,
            "GONE": GONE,
            "name": log.name,
        }

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

    def _begin(self) -> None:
        """Prepare for the first of some lines."""
        if self._is_running and only_json(log) is not None:
            self.most = MOST
            asyncio.get_running_loop().call_later(PATIENCE, self.write)
        else:
            self.most = 1

    def _tick(self, ended: float) -> None:
        """Look at the clock; `ended` is now, as exchanges have it."""
        self.now = datetime.now(UTC)
        self.until = ended + TICK

    def write(self) -> None:
        """Write the lines that wait."""
        lines = self._waiting.copy()
        self._waiting.clear()
        if not lines or not log.isEnabledFor(logging.INFO):
            return
        handler = only_json(log)
        if handler is None or not self._write_all(handler, lines):
            for line in lines:
                log.handle(record_of(line))

    def _write_all(self, handler: logs.Lines, lines: list[Line]) -> bool:
        try:
            text = self._encode(lines)
        except UnicodeEncodeError:  # half a surrogate pair in a path; one by one they are escaped
            return False
        handler.write(text)
        return True


def record_of(line: Line) -> logging.LogRecord:
    """Return the record of a line.

    `log.info` would look for its caller, who is always the same.
    """
    record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, (), None, "finish")
    record.created = line.time.timestamp()
    record.msecs = record.created % 1 * 1000
    return record
