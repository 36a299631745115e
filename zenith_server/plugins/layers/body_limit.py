"""No body larger than the project allows, whoever reads it."""

from __future__ import annotations

from collections.abc import Awaitable

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.problems import ContentTooLarge
from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send
from zenith_server.request import header

NO_BODY = ("GET", "HEAD", "OPTIONS")


class BodyLimit(Plugin):
    """Refuses bodies beyond both `requests.json_limit` and `requests.form_limit`.

    Handlers with a body or form parameter have their own, lower limit; this one stands before
    those that read the raw request, and before mounted apps.
    """

    name = "body_limit"

    def setup(self, draft: Draft) -> None:
        """Add the layer."""
        requests = draft.settings.requests
        limit = max(requests.json_limit, requests.form_limit)
        draft.layer(self.name, lambda app: limited(app, limit))


def limited(app: ASGIApp, limit: int) -> ASGIApp:
    """Return the app, with at most `limit` bytes of body for each request."""

    # Not a coroutine function: it hands on that of the app, which spares a coroutine per request.
    def limit_body(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return app(scope, receive, send)
        if scope["method"] not in NO_BODY:
            _refuse_declared(scope, limit)
        left = limit

        async def receive_limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(limit)
            return message

        return app(scope, receive_limited, send)

    return limit_body


def _refuse_declared(scope: Scope, limit: int) -> None:
    length = header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes")
