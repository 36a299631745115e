"""The channel to the pages that are open in browsers, in development."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from zenith_server.protocol import ASGIApp, Receive, Scope, Send
from zenith_server.refresh import CHANNEL, SCRIPT, TOKEN, script
from zenith_server.reply import Reply, reply

_SCRIPT = [(b"content-type", b"text/javascript; charset=utf-8"), (b"cache-control", b"no-store")]


class Refresher:
    """Tells open pages which code serves, and what was saved that needs no new process.

    It stands before the gate: its connections are no work of the project's, so nothing waits for
    them, and they close the moment the worker takes no more. Their pages then ask again, and
    whoever answers is the new code.

    Args:
        app: what answers everything else.
        token: names what is served, code and templates.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token
        self._pages: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of the script or for it; pass on all others with the token."""
        scope[TOKEN] = self._token
        if scope["path"] == CHANNEL and scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        elif scope["path"] == SCRIPT and scope["type"] == "http":
            await _script()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def saved(self, files: Sequence[str], token: str) -> None:
        """Tell all pages that these files were saved, and name what is served from now on."""
        self._token = token
        self._tell(json.dumps({"files": list(files), "token": token}))

    def close(self) -> None:
        """Let all pages go, and those that still come."""
        self._closed = True
        self._tell(None)

    def _tell(self, message: str | None) -> None:
        for page in self._pages:
            page.put_nowait(message)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if self._closed or not _is_same_origin(scope):
            await send({"type": "websocket.close", "code": 1008})
            return
        page: asyncio.Queue[str | None] = asyncio.Queue()
        self._pages.add(page)
        gone = asyncio.ensure_future(_until_gone(receive, page))
        try:
            await send({"type": "websocket.accept"})
            message: str | None = json.dumps({"token": self._token})
            while message is not None:
                await send({"type": "websocket.send", "text": message})
                message = await page.get()
            if not gone.done():
                await send({"type": "websocket.close", "code": 1012})
        finally:
            self._pages.discard(page)
            gone.cancel()


async def _until_gone(receive: Receive, page: asyncio.Queue[str | None]) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        continue
    page.put_nowait(None)


def _is_same_origin(scope: Scope) -> bool:
    """Whether a page of this server asks: others are not to know when somebody saves what."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
    return origin.netloc == headers.get(b"host", b"").decode("latin-1")


def _script() -> Reply:
    return reply(200, _SCRIPT, script())
