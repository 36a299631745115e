"""No body larger or slower than the project allows, whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from zenith_server.draft import Draft
from zenith_server.handlers.request import LIFT, header
from zenith_server.plan import Route
from zenith_server.plugin import Plugin
from zenith_server.plugins.layers.pace import Pace
from zenith_server.problems import ContentTooLarge
from zenith_server.protocol import Message, Receive, Scope, Send
from zenith_server.router import BODY_LIMIT

NO_BODY = ("GET", "HEAD", "OPTIONS")
_MESSAGE_TOO_BIG = 1009
LEFT = "zenith.body_left"


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
        pace = Pace(rate, requests.body_timeout) if rate or requests.body_timeout else None
        receive = limiter(limit, requests.websocket_limit, pace, draft.routes)
        draft.hook(self.name, receive=receive)


def limiter(
    limit: int, message_limit: int, pace: Pace | None, routes: list[Route]
) -> Callable[[Scope, Receive], Receive]:
    """Return what lets at most `limit` bytes of body through to a handler.

    Args:
        limit: bytes of a body.
        message_limit: bytes, or characters, of a message on a WebSocket.
        pace: how slow a body may be.
        routes: all of them once requests come; a handler may have another limit.
    """
    lifts: bool | None = None

    def limited(scope: Scope, receive: Receive) -> Receive:
        nonlocal lifts
        if lifts is None:
            lifts = any(hasattr(route.handler, BODY_LIMIT) for route in routes)
        if scope["type"] != "http":
            return _sized(receive, scope["zenith.socket"].send, message_limit)
        if lifts:
            return _liftable(scope, receive, limit, pace)
        if scope["method"] in NO_BODY:
            # Nobody reads it, with few exceptions.
            return partial(_unexpected, scope, receive, limit)
        _refuse_declared(scope, limit)
        return _counted(receive if pace is None else pace.paced(receive), limit)

    return limited


def _counted(receive: Receive, limit: int) -> Receive:
    left = limit

    async def receive_counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(limit)
        return message

    return receive_counted


def _liftable(scope: Scope, receive: Receive, limit: int, pace: Pace | None) -> Receive:
    """The same, where a handler may have another limit than all the others."""
    most, left = limit, limit

    def lift(size: int) -> None:
        nonlocal most, left
        left += size - most
        most = size

    scope[LIFT] = lift
    get = receive if pace is None or scope["method"] in NO_BODY else pace.paced(receive)

    async def receive_limited() -> Message:
        nonlocal left
        if left == most:
            _refuse_declared(scope, most)
        message = await get()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(most)
        return message

    return receive_limited


async def _unexpected(scope: Scope, receive: Receive, limit: int) -> Message:
    """Receive the body of a request that needs none."""
    message = await receive()
    left: int = scope.get(LEFT, limit) - len(message.get("body", b""))
    if left < 0:
        raise _too_large(limit)
    scope[LEFT] = left
    return message


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


def _refuse_declared(scope: Scope, limit: int) -> None:
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes")
