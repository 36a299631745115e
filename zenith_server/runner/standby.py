"""The two stand-ins that answer while the project cannot: starting, and broken."""

from __future__ import annotations

import html
import json

from zenith_server.protocol import ASGIApp, Receive, Scope, Send
from zenith_server.refresh import TOKEN, tag

_PROBLEM = b"application/problem+json"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The project does not start</title>
<style>
  body {{ margin: 3rem auto; max-width: 60rem; padding: 0 1rem; font: 1rem/1.5 system-ui }}
  pre {{ padding: 1rem; overflow: auto; background: #f4f4f4; color: #222 }}
</style>
<h1>The project does not start</h1>
<pre>{message}</pre>
<p>The next save that works replaces this page.</p>
"""


def starting() -> ASGIApp:
    """Return the app for the time before the project serves: alive, but not ready."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})
        elif scope["path"] == "/health/live":
            await _respond(send, 200, b"application/json", b'{"status":"ok"}')
        else:
            body = _problem(503, "The server is starting")
            await _respond(send, 503, _PROBLEM, body, (b"retry-after", b"1"))

    return app


def broken(message: str) -> ASGIApp:
    """Return the app, for development only, that shows why the project does not start."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011})
        elif _wants_html(scope):
            page = _PAGE.format(message=html.escape(message)).encode()
            if TOKEN in scope:
                page += tag(scope[TOKEN])
            await _respond(send, 500, b"text/html; charset=utf-8", page)
        else:
            body = _problem(500, "The project does not start", message)
            await _respond(send, 500, _PROBLEM, body)

    return app


def _wants_html(scope: Scope) -> bool:
    accept = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    return b"text/html" in accept


def _problem(status: int, title: str, detail: str = "") -> bytes:
    """Return a problem document, RFC 9457."""
    members = {"type": "about:blank", "title": title, "status": status}
    return json.dumps(members | ({"detail": detail} if detail else {})).encode()


async def _respond(
    send: Send, status: int, kind: bytes, body: bytes, *headers: tuple[bytes, bytes]
) -> None:
    length = str(len(body)).encode()
    always = [(b"content-type", kind), (b"content-length", length), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*always, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
