"""A WebSocket that the worker can end before the app does, when it has to leave."""

from __future__ import annotations

from zenith_server.protocol import Message, Send

# "Service restart": clients come back, and reach another worker. The registry is
# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
RESTART = 1012


class Conversation:
    """Passes on what the app sends, until the worker has said goodbye.

    Args:
        send: the engine's.

    Attributes:
        leaving: whether it is to end as soon as it has been accepted.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._open = False
        self._over = False
        self.leaving = False

    async def send(self, message: Message) -> None:
        """Pass on a message of the app; after the goodbye there is nobody to hear it."""
        if self._over:
            return
        kind = message["type"]
        self._over = kind == "websocket.close"
        await self._send(message)
        if kind == "websocket.accept":
            self._open = True
            if self.leaving:
                await self.leave()

    async def leave(self) -> None:
        """Close it, or do so once it is open; the app is told as if the client had gone."""
        self.leaving = True
        if self._open and not self._over:
            self._over = True
            await self._send({"type": "websocket.close", "code": RESTART, "reason": "restart"})
