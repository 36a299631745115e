"""One id in the answer, the log and each problem document."""

from __future__ import annotations

import secrets
from itertools import count

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope


class RequestId(Plugin):
    """Numbers the requests of a process behind a random prefix: unique, and cheaper than a UUID."""

    name = "request_id"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        prefix = secrets.token_hex(6)
        numbers = count(1)

        def start(scope: Scope) -> None:
            scope["request_id"] = f"{prefix}-{next(numbers):x}"

        def reply(scope: Scope, _message: Message, headers: Headers) -> None:
            headers.append((b"x-request-id", scope["request_id"].encode()))

        draft.hook(self.name, start=start, reply=reply)
