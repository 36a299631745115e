"""Exceptions become problem documents (RFC 9457); what is not expected is logged, not told."""

from __future__ import annotations

import logging
import os
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException as StarletteHTTPException

from zenith_server.draft import Draft
from zenith_server.handlers.calls import quick
from zenith_server.handlers.response import headers_of
from zenith_server.handlers.stream import has_type
from zenith_server.plugin import Plugin
from zenith_server.problems import HTTPException, document
from zenith_server.protocol import Headers, Scope
from zenith_server.reply import Reply, reply

log = logging.getLogger("zenith_server")

PROBLEM = (b"content-type", b"application/problem+json")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Errors(Plugin):
    """Maps HTTP exceptions, and everything that nobody else maps."""

    name = "errors"

    def setup(self, draft: Draft) -> None:
        """Add the mappings."""
        draft.on_error(HTTPException, known)
        draft.on_error(StarletteHTTPException, starlettes)
        development = draft.settings.environment.name == "development"
        draft.on_error(Exception, _Unexpected(draft.settings.root if development else None))


@quick
def known(error: HTTPException, scope: Scope) -> Reply:
    """Answer with the problem document of an HTTP exception."""
    status, request_id = error.status_code, scope.get("request_id")
    if error.extensions:
        body = _encode(document(error, request_id))
    else:
        # The same document: what stands in all of them is not written anew for each.
        end = b"}" if request_id is None else b',"request_id":%b}' % _encode(request_id)
        body = _BEGINNINGS[status] + _encode(error.detail) + end
    return reply(status, _headers(error), body)


class _Beginnings(dict[int, bytes]):
    def __missing__(self, status: int) -> bytes:
        whole = _encode(document(HTTPException(status, "?")))
        self[status] = whole.removesuffix(b'"?"}')
        return self[status]


_BEGINNINGS = _Beginnings()


def _headers(error: HTTPException) -> Headers:
    if not error.headers:
        return [PROBLEM]
    return _written(tuple(error.headers.items()))


@lru_cache(maxsize=256)
def _written(headers: tuple[tuple[str, str], ...]) -> Headers:
    """They are nearly always the same few: Allow, Retry-After, WWW-Authenticate."""
    own = headers_of(headers)
    return own if has_type(own) else [PROBLEM, *own]


@quick
def starlettes(error: StarletteHTTPException, scope: Scope) -> Reply:
    """Answer with the same for Starlette's own exception."""
    headers = dict(error.headers or {})
    return known(HTTPException(error.status_code, str(error.detail), headers), scope)


class _Unexpected:
    """Logs an exception; tells the client only that it happened, and where in development."""

    def __init__(self, root: Path | None) -> None:
        self.root = root

    async def __call__(self, error: Exception, scope: Scope) -> Reply:
        # A line break that a client put into the path must not begin a line of the log.
        where = f"{scope.get('method', '')} {quote(scope.get('path', ''))}"
        request_id = scope.get("request_id")
        log.error("%s failed, request %s", where, request_id, exc_info=error)
        extensions: dict[str, Any] = {}
        detail = "The server failed to answer; the log has the reason under this request id"
        if self.root is not None:
            detail = f"{type(error).__name__}: {error}"
            extensions = {"traceback": _frames(error, self.root)}
        return known(HTTPException(500, detail, **extensions), scope)


def _frames(error: Exception, root: Path) -> list[str]:
    """The project's own frames, the innermost first; without values, which may be secret."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = f"{root.resolve()}{os.sep}"
    own = [frame for frame in frames if frame.filename.startswith(inside)]
    return [
        f"{frame.filename.removeprefix(inside)}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in reversed(own or frames)
    ]
