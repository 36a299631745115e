"""No body larger or slower than the project allows, whoever reads it."""

from __future__ import annotations

from asyncio import CancelledError, current_task
from collections.abc import Callable
from functools import cache
from math import inf

from zenith_server.draft import Draft
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.plan import Inline, Route
from zenith_server.plugin import Plugin
from zenith_server.plugins.layers import pace
from zenith_server.problems import ContentTooLarge, HTTPException
from zenith_server.protocol import Message, Receive, Scope, Send
from zenith_server.router import BODY_LIMIT

_MESSAGE_TOO_BIG = 1009
START = """
if len(value) < 20 and value.isdigit() and (size := int(value)) <= $limit:
    exchange.declared = size
else:
    $large(exchange, value)
"""


class BodyLimit(Plugin):
    """Refuses bodies beyond both `requests.json_limit` and `requests.form_limit`, and slow ones.

    Handlers with a body or form parameter have their own, lower limit; this one stands before
    those that read the raw request, and before mounted apps.
    """

    name = "body_limit"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        requests = draft.settings.requests
        limit = max(requests.json_limit, requests.form_limit)
        rate = draft.settings.connections.min_rate
        if rate or requests.body_timeout:
            draft.running.watch(pace.Pace(rate, requests.body_timeout).look, pace.TICK)
        most = cache(lambda: max([limit, *map(_own_limit, draft.routes)]))

        def large(exchange: Exchange, length: bytes) -> None:
            if not length.isdigit():
                return
            exchange.declared = int(length[:20])
            if exchange.declared > most():
                raise _too_large(most())

        draft.hook(
            self.name,
            start=Inline(START, {"limit": limit, "large": large}),
            header=b"content-length",
            receive=limiter(limit, requests.websocket_limit),
            running=draft.running,
        )


def _own_limit(route: Route) -> int:
    return getattr(route.handler, BODY_LIMIT, 0)


def limiter(limit: int, message_limit: int) -> Callable[[Scope, Receive], Receive]:
    """Return what lets at most `limit` bytes of body through to a handler.

    Args:
        limit: bytes of a body; a handler may have another limit.
        message_limit: bytes, or characters, of a message on a WebSocket.
    """

    def limited(scope: Scope, receive: Receive) -> Receive:
        if scope["type"] != "http":
            return _sized(receive, scope["zenith.socket"].send, message_limit)
        exchange: Exchange = scope[EXCHANGE]
        exchange.limit = limit

        async def receive_limited() -> Message:
            if exchange.declared > exchange.limit:
                raise _too_large(exchange.limit)
            exchange.reader = current_task()
            try:
                message = await receive()
            except CancelledError:
                if _is_late(exchange):
                    raise HTTPException(408, exchange.late) from None
                raise
            finally:
                exchange.reader = None
            exchange.read += len(message.get("body", b""))
            if exchange.read > exchange.limit:
                raise _too_large(exchange.limit)
            if not message.get("more_body", False):
                exchange.reading = inf
            return message

        return receive_limited

    return limited


def _is_late(exchange: Exchange) -> bool:
    """Whether it was cancelled for that; any other cancellation stays one."""
    return bool(exchange.late and exchange.reader and exchange.reader.uncancel() <= 0)


def _sized(receive: Receive, send: Send, limit: int) -> Receive:
    """End a WebSocket at a message beyond the limit; not every engine has one of its own."""

    async def receive_sized() -> Message:
        message = await receive()
        if len(message.get("bytes") or message.get("text") or ()) <= limit:
            return message
        reason = f"A message has at most {limit} bytes"
        await send({"type": "websocket.close", "code": _MESSAGE_TOO_BIG, "reason": reason})
        return {"type": "websocket.disconnect", "code": _MESSAGE_TOO_BIG, "reason": reason}

    return receive_sized


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes")
