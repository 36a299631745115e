"""One line for each request, after its last byte."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter, time

import msgspec

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.protocol import Scope

log = logging.getLogger("zenith_server.access")

# What nginx notes when the client went away before it got an answer.
GONE = 499


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
        new_record = record_maker()

        def start(scope: Scope) -> None:
            scope["zenith.began"] = perf_counter()

        def finish(scope: Scope) -> None:
            if log.isEnabledFor(logging.INFO):
                log.handle(new_record(scope))

        draft.hook(self.name, start=start, finish=finish)


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


def record_maker() -> Callable[[Scope], logging.LogRecord]:
    """Return what makes the record of a request.

    `log.info` would look for its caller and the thread's name in each request; here they are
    always the same, which makes a record a fifth as dear.
    """
    record_type = logging.LogRecord
    same = dict(vars(record_type(log.name, logging.INFO, __file__, 0, "", (), None, "finish")))

    def new_record(scope: Scope) -> logging.LogRecord:
        record = record_type.__new__(record_type)
        record.__dict__ = values = same.copy()
        values["created"] = now = time()
        values["msecs"] = now % 1 * 1000
        values["msg"] = line_of(scope, now)
        return record

    return new_record


def line_of(scope: Scope, now: float) -> Line:
    """Return what is noted of a request that is over."""
    status, size = scope["zenith.sent"]
    client = scope.get("client")
    return Line(
        datetime.fromtimestamp(now, UTC),
        "info",
        log.name,
        scope.get("method", "WEBSOCKET"),
        scope["path"],
        status or GONE,
        int((perf_counter() - scope["zenith.began"]) * 100_000) / 100,
        size,
        client[0] if client else "-",
        scope.get("request_id", "-"),
    )
