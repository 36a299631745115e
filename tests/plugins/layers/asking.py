"""Requests whose scope a test sets itself: the host, the peer, the scheme."""

from __future__ import annotations

from typing import Any

from tests.served import Answer, Pairs, Served, scope_of
from zenith_server.protocol import Message, Scope

INDEX = {"routes/index.py": 'async def get() -> dict[str, str]: return {"hello": "world"}\n'}
SOCKET = {
    "routes/live.py": """
        from starlette.websockets import WebSocket

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text(f"{socket.client.host} {socket.url.scheme}")
            await socket.close()
    """,
}


async def asked(
    app: Served, url: str = "/", headers: Pairs = (), *, method: str = "GET", **scope: Any
) -> Answer:
    """Send a request; a Host header among the headers replaces the usual one."""
    return await sent(app, prepared(method, url, headers) | scope)


async def sent(app: Served, scope: Any, *messages: Message) -> Answer:
    """Send a scope as it is, then what the client says."""
    answer, said = Answer(), iter(messages)

    async def receive() -> Message:
        return next(said, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app.app(scope, receive, send)
    return answer


async def connected(app: Served, headers: Pairs = (), **scope: Any) -> list[Message]:
    """Open a WebSocket at /live and return what the app sent."""
    opened = prepared("GET", "/live", headers) | {"type": "websocket", "scheme": "ws"} | scope
    del opened["method"]
    answer = await sent(app, opened, {"type": "websocket.connect"})
    return answer.messages


def prepared(method: str, url: str, headers: Pairs) -> dict[str, Any]:
    """Return a scope with these headers, and with `testserver` as host unless they name one."""
    scope: Scope = scope_of(method, url, [])
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    if any(name == b"host" for name, _ in given):
        scope["headers"] = []
    scope["headers"] = [*scope["headers"], *given]
    return dict(scope)
