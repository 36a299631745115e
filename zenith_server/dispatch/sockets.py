"""One WebSocket connection: what was sent on it so far, and how it ends.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html#websocket
"""

from __future__ import annotations

from time import perf_counter

from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.protocol import Message, Receive, Scope, Send

DENIAL = "websocket.http.response"
LONGEST_REASON = 123  # RFC 6455, 5.5: a control frame holds 125 bytes, two are the code.


class Socket:
    """Wraps a connection so that it is closed once, whatever the handler does.

    Args:
        scope: the connection's; every copy of it knows this object as `zenith.socket`.
        receive: the server's.
        send: the server's.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.accepted = False
        self.closed = False
        self.exchange = scope[EXCHANGE] = Exchange(perf_counter())
        scope["zenith.socket"] = self
        self._can_deny = DENIAL in (scope.get("extensions") or {})
        self._receive = receive
        self._send = send

    @property
    def can_deny(self) -> bool:
        """Whether an HTTP response can still be sent instead of the handshake."""
        return self._can_deny and not (self.accepted or self.closed)

    async def receive(self) -> Message:
        """Return the next message of the client."""
        message = await self._receive()
        self.closed = self.closed or message["type"] == "websocket.disconnect"
        return message

    async def send(self, message: Message) -> None:
        """Send a message and take note of it."""
        match message["type"]:
            case "websocket.accept":
                self.accepted, self.exchange.status = True, 101
            case "websocket.close":
                self.closed, self.exchange.status = True, self.exchange.status or 403
            case "websocket.http.response.start":
                self.exchange.status = message["status"]
            case "websocket.http.response.body":
                self.closed = not message.get("more_body", False)
            case _:
                pass
        await self._send(message)

    async def deny(self, message: Message) -> None:
        """Send a message of an HTTP response instead of the handshake."""
        kind = message["type"]
        if kind.startswith("http."):
            message = {**message, "type": f"websocket.{kind}"}
        await self.send(message)

    async def close(self, code: int, reason: str = "") -> None:
        """Close the connection unless somebody did; before the handshake there is no reason."""
        if self.closed:
            return
        message: Message = {"type": "websocket.close", "code": code}
        if reason and self.accepted:
            message["reason"] = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
        await self.send(message)
