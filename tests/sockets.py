"""A WebSocket conversation with an app in this process, as ASGI sees it."""

from __future__ import annotations

from tests.served import scope_of
from zenith_server.protocol import ASGIApp, Message, Scope

DENIAL = "websocket.http.response"


async def talk(
    app: ASGIApp,
    url: str,
    *said: str,
    can_deny: bool = True,
    headers: tuple[str, str] | None = None,
) -> list[Message]:
    """Connect, say these texts, go away; return everything that the app sent."""
    inbox: list[Message] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": text} for text in said),
    ]
    outbox: list[Message] = []

    async def receive() -> Message:
        return inbox.pop(0) if inbox else {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Message) -> None:
        outbox.append(message)

    pairs = [] if headers is None else [(headers[0].encode(), headers[1].encode())]
    await app(_scope(url, pairs, can_deny=can_deny), receive, send)
    return outbox


def _scope(url: str, headers: list[tuple[bytes, bytes]], *, can_deny: bool) -> Scope:
    scope = {**scope_of("GET", url, headers), "type": "websocket", "scheme": "ws"}
    del scope["method"]
    extensions = {DENIAL: {}} if can_deny else {}
    return {**scope, "subprotocols": [], "extensions": extensions}


def texts(messages: list[Message]) -> list[str]:
    """Return the texts that an app sent."""
    return [message["text"] for message in messages if message["type"] == "websocket.send"]


def ending(messages: list[Message]) -> tuple[int, str]:
    """Return the code and the reason with which an app closed, which it did once and last."""
    (close,) = [message for message in messages if message["type"] == "websocket.close"]
    assert messages[-1] is close
    return close["code"], close.get("reason", "")
