"""Responses that do not come back whole: the hooks as one wrapper around `send`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from zenith_server.dispatch.endpoints import Onward
from zenith_server.dispatch.inline import called
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.handlers.request import ClientDisconnected, header
from zenith_server.plan import Hook, Inline
from zenith_server.protocol import Headers, Message, Scope, Send

Wrap = Callable[[Scope, Message], Callable[[Send], Send] | None]


def through(hooks: tuple[Hook, ...]) -> Onward:
    """Return the one wrapper around `send`, for what does not come back as a whole reply."""
    replies = [(_as_function(hook.reply), asked(hook)) for hook in hooks if hook.reply]
    always = [pair for hook in hooks for pair in hook.headers]

    async def onward(scope: Scope, send: Send, message: Message) -> None:
        exchange: Exchange = scope[EXCHANGE]
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            # A new message: handlers may send one that they keep.
            headers = [*message.get("headers", ()), *always]
            for add, name in replies:
                if not name or header(scope, name) is not None:
                    add(scope, message, headers)
            message = {**message, "headers": headers}
        else:
            exchange.size += len(message.get("body", b""))
        await send(message)

    whole: Onward = onward
    for hook in hooks:
        if hook.send is not None:
            whole = _wrapping(hook.name, hook.send, whole)
    return whole


def _as_function(reply: Any) -> Callable[[Scope, Message, Headers], None]:
    return called(reply, "reply") if isinstance(reply, Inline) else reply


def asked(hook: Hook) -> bytes:
    """The header without which a hook has nothing to add."""
    return b"" if hook.needed or not hook.start else hook.header


def _wrapping(name: str, wrap: Wrap, onward: Onward) -> Onward:
    """Let a hook take over the sending of the responses that it wants."""
    key = f"zenith.send {name}"

    async def through(scope: Scope, send: Send, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": message.get("headers", ())}
            make = wrap(scope, message)
            if make is not None:
                scope[key] = make(partial(onward, scope, send))
        own: Send | None = scope.get(key)
        await (own(message) if own is not None else onward(scope, send, message))

    return through


def headless(send: Send) -> Send:
    """Send a response to HEAD without its body (RFC 9110, 9.3.2); a stream ends at once."""

    async def send_head(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({"type": "http.response.body", "body": b""})
        if message.get("more_body", False):
            raise ClientDisconnected

    return send_head
