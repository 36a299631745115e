"""The two stand-ins that answer while the project cannot: starting, and broken."""

from __future__ import annotations

import html
import json

from zenith_server.errors import ProjectError
from zenith_server.protocol import ASGIApp, Headers, Receive, Scope, Send
from zenith_server.refresh import TOKEN, tag
from zenith_server.runner.channel import Failed
from zenith_server.runner.trace import page_of
from zenith_server.settings import Settings

_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_HTML = (b"content-type", b"text/html; charset=utf-8")
# Half a surrogate pair is text for Python, and for nobody else.
_HALVES = "backslashreplace"
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
            await _send(send, 200, [_JSON], b'{"status":"ok"}')
        else:
            body = _problem(503, "The server is starting")
            await _send(send, 503, [_PROBLEM, (b"retry-after", b"1")], body)

    return app


def broken(failed: Failed, settings: Settings) -> ASGIApp:
    """Return the app, for development only, that shows why the project does not start.

    Who asks from elsewhere gets the message without the lines and values around it.
    """
    from zenith_server.error_page import page, wanted

    faults = ProjectError(*failed.faults) if failed.faults else None
    whole = failed.page or page_of(faults, failed.text, settings)
    small = _PAGE.format(message=html.escape(failed.text))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011})
            return
        form = wanted.form(scope)
        if form == "html":
            shown = whole if whole and wanted.is_here(scope) else small
            script = tag(scope[TOKEN]) if TOKEN in scope else b""
            headers: Headers = page.headers() if shown is whole else [_HTML]
            await _send(send, 500, headers, shown.encode(errors=_HALVES) + script)
        elif form == "text":
            await _send(send, 500, [_TEXT], f"{failed.text}\n".encode(errors=_HALVES))
        else:
            body = _problem(500, "The project does not start", failed.text)
            await _send(send, 500, [_PROBLEM], body)

    return app


def _problem(status: int, title: str, detail: str = "") -> bytes:
    """Return a problem document, RFC 9457."""
    members = {"type": "about:blank", "title": title, "status": status}
    return json.dumps(members | ({"detail": detail} if detail else {})).encode()


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    always = [(b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    given = dict(headers)
    added = [pair for pair in always if pair[0] not in given]
    start = {"type": "http.response.start", "status": status, "headers": [*headers, *added]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
