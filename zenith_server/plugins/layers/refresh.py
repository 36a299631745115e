"""Pages in the browser renew themselves when the code has changed, in development."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope, Send
from zenith_server.refresh import TOKEN, is_on, tag

_NONCE = re.compile(r"'nonce-([\w+/=-]+)'")
_PARTIAL = (204, 206, 304)
_DOCUMENTS = (b"document", b"iframe", b"frame")
# A page that a cache keeps would come back with the token of code that is gone.
_CACHED = (b"cache-control", b"etag", b"last-modified", b"expires", b"content-length")
_UNCACHED = (b"cache-control", b"no-store")


class Refresh(Plugin):
    """Adds a script to each whole page that a person opens; it asks the runner for news.

    Left alone are parts of pages that scripts ask for, streams, and what is encoded already.
    """

    name = "refresh"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        if is_on(draft.settings):
            draft.hook(self.name, send=with_script, only="http")
        else:
            draft.idle(self.name, "it is for development with server.reload")


def with_script(scope: Scope, start: Message) -> Callable[[Send], Send] | None:
    """Return what adds the script to a response, where that is a page and the runner serves."""
    if TOKEN not in scope or scope["method"] == "HEAD" or start["status"] in _PARTIAL:
        return None
    headers: dict[bytes, bytes] = dict(start.get("headers", ()))
    if not (_is_page(headers) and _is_opened(dict(scope["headers"]))):
        return None
    nonce = _NONCE.search(headers.get(b"content-security-policy", b"").decode("latin-1"))
    script = tag(scope[TOKEN], nonce[1] if nonce else "")
    return lambda send: _Page(send, script).send


def _is_page(headers: Mapping[bytes, bytes]) -> bool:
    media = headers.get(b"content-type", b"").lower()
    is_html = media.startswith(b"text/html") and b"utf-16" not in media
    return is_html and b"content-length" in headers and b"content-encoding" not in headers


def _is_opened(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a person opens the page: a script puts what it asks for into one."""
    wanted = headers.get(b"sec-fetch-dest")
    if wanted is not None:
        return wanted in _DOCUMENTS
    return b"text/html" in headers.get(b"accept", b"") and b"hx-request" not in headers


class _Page:
    """Sends one page with the script at its end, where browsers take it as well as before.

    Its start waits for the first part: a file that the server sends by itself goes as it is.
    """

    def __init__(self, send: Send, script: bytes) -> None:
        self._send = send
        self._script = script
        self._start: Message | None = None
        self._is_ours = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            self._is_ours = message["type"] == "http.response.body"
            await self._send(self._lengthened(start) if self._is_ours else start)
        if self._is_ours and not message.get("more_body", False):
            message = {**message, "body": message.get("body", b"") + self._script}
        await self._send(message)

    def _lengthened(self, start: Message) -> Message:
        length = int(dict(start["headers"])[b"content-length"]) + len(self._script)
        kept: Headers = [pair for pair in start["headers"] if pair[0] not in _CACHED]
        added = [(b"content-length", b"%d" % length), _UNCACHED]
        return {**start, "headers": [*kept, *added]}
