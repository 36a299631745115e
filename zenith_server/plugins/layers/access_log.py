"""One line for each request, after its last byte."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter, time

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


def record_maker() -> Callable[[Scope], logging.LogRecord]:
    """Return what makes the record of a request.

    `log.info` would look for its caller and the thread's name in each request; here they are
    always the same, which makes a record a fifth as dear.
    """
    record_type = logging.LogRecord
    same = dict(vars(record_type(log.name, logging.INFO, __file__, 0, "", (), None, "finish")))

    def new_record(scope: Scope) -> logging.LogRecord:
        method, path = scope.get("method", "WEBSOCKET"), scope["path"]
        status, size = scope["zenith.sent"]
        took = int((perf_counter() - scope["zenith.began"]) * 100_000) / 100
        client = scope["client"][0] if scope.get("client") else "-"
        request_id = scope.get("request_id", "-")
        record = record_type.__new__(record_type)
        record.__dict__ = values = same.copy()
        values["created"] = now = time()
        values["msecs"] = now % 1 * 1000
        values["msg"] = (
            f"{method} {path} {status or GONE} in {took} ms, {size} bytes, {client}, {request_id}"
        )
        values["fields"] = {
            "method": method,
            "path": path,
            "status": status or GONE,
            "duration_ms": took,
            "bytes": size,
            "client": client,
            "request_id": request_id,
        }
        return record

    return new_record
