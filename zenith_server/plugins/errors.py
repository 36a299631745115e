"""Exceptions become problem documents (RFC 9457); what is not expected is logged, not told."""

from __future__ import annotations

import logging
import os
import traceback
from functools import lru_cache
from pathlib import Path
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
from zenith_server.secrets import masked_text
from zenith_server.sources import is_project

log = logging.getLogger("zenith_server")

_NOTHING_TOLD = "The server failed to answer; the log has the reason under this request id"
_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
# Half a surrogate pair is text for Python, and for nobody else.
_HALVES = "backslashreplace"
_LONGEST = 8000
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
        draft.on_error(Exception, _Shown(draft) if development else unexpected)


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


async def unexpected(error: Exception, scope: Scope) -> Reply:
    """Log an exception; tell the client only that it happened."""
    _log(error, scope)
    return known(HTTPException(500, _NOTHING_TOLD), scope)


class _Shown:
    """Logs an exception, and shows it as well: for development."""

    def __init__(self, draft: Draft) -> None:
        self._settings = draft.settings
        # Those that are declared later are in it too.
        self._routes = draft.routes

    async def __call__(self, error: Exception, scope: Scope) -> Reply:
        from zenith_server.error_page import wanted

        _log(error, scope)
        form = wanted.form(scope)
        if form != "json" and scope["type"] == "http" and wanted.is_here(scope):
            try:
                return self._shown(error, scope, is_page=form == "html")
            except Exception:
                log.exception("The error page failed itself")
        told = f"{type(error).__name__}: {_said(error)}"
        frames = _frames(error, self._settings.root)
        return known(HTTPException(500, told, traceback=frames), scope)

    def _shown(self, error: Exception, scope: Scope, *, is_page: bool) -> Reply:
        from zenith_server.error_page import failure, page, text

        told = failure.of_request(error, scope, self._routes, self._settings)
        if is_page:
            return reply(500, page.headers(), page.page(told).encode(errors=_HALVES))
        return reply(500, _TEXT, text.written(told).encode(errors=_HALVES))


def _log(error: Exception, scope: Scope) -> None:
    # A line break that a client put into the path must not begin a line of the log.
    where = f"{scope.get('method', '')} {quote(scope.get('path', ''))}"
    log.error("%s failed, request %s", where, scope.get("request_id"), exc_info=error)


def _said(error: Exception) -> str:
    """What an exception says, as far as it can be sent."""
    try:
        said = str(error)[:_LONGEST]
    except Exception as second:  # noqa: BLE001 - it may do anything
        said = f"its str raised {type(second).__name__}"
    return masked_text(said).encode(errors=_HALVES).decode()


def _frames(error: Exception, root: Path) -> list[str]:
    """The project's own frames, the innermost first; without values, which may be secret."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_project(frame.filename, root)]
    inside = f"{root.resolve()}{os.sep}"
    return [
        f"{frame.filename.removeprefix(inside)}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in reversed(own or frames)
    ]
