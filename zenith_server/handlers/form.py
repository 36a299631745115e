"""Reading a form: its fields by name, uploads among them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from zenith_server.handlers.request import (
    Values,
    add,
    body_pieces,
    body_reader,
    content_type,
    header,
    read_pairs,
)
from zenith_server.problems import BadRequest, UnsupportedMediaType
from zenith_server.protocol import Receive, Scope

if TYPE_CHECKING:
    from starlette.datastructures import FormData

OpenForm = Callable[[Scope, Receive], AbstractAsyncContextManager[Values]]
SIMPLE, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 1000


def form_opener(limit: int) -> OpenForm:
    """Return what reads a form of at most `limit` bytes, and removes its uploads afterwards.

    Example:
        >>> async with form_opener(10 * 2**20)(scope, receive) as fields:
        ...     fields["name"]
    """
    read_body = body_reader(limit)

    @asynccontextmanager
    async def open_form(scope: Scope, receive: Receive) -> AsyncGenerator[Values]:
        value = header(scope, b"content-type") or b""
        media, _ = content_type(value)
        if media == SIMPLE:
            yield _simple(await read_body(scope, receive))
        elif media == MULTIPART:
            form = await _parsed(value, body_pieces(scope, receive, limit))
            try:
                yield _by_name(form)
            finally:
                await form.close()
        else:
            raise UnsupportedMediaType(f"Send a form: {SIMPLE} or {MULTIPART}")

    return open_form


def _simple(body: bytes) -> Values:
    if body.count(b"&") >= MOST_FIELDS:
        raise BadRequest(f"The form has more than {MOST_FIELDS} fields")
    return read_pairs(body, "The form")


async def _parsed(value: bytes, pieces: AsyncGenerator[bytes]) -> FormData:
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartException, MultiPartParser

    # Latin-1 keeps every byte, so that what is not UTF-8 is found out and not guessed at.
    headers = Headers(raw=[(b"content-type", value + b"; charset=latin-1")])
    most: Any = {"max_files": MOST_FIELDS, "max_fields": MOST_FIELDS, "max_part_size": 2**63}

    class Parser(MultiPartParser):
        is_whole = False

        def on_end(self) -> None:
            self.is_whole = True

    async def whole() -> AsyncGenerator[bytes]:
        async for piece in pieces:
            yield piece
        if not parser.is_whole:
            raise MultiPartException("it ends before its last boundary")

    parser = Parser(headers, whole(), **most)
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise BadRequest(f"The form cannot be read: {error.message}") from None


def _by_name(form: FormData) -> Values:
    fields: Values = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            add(fields, _text(name), _text(value))
        else:
            value.filename = _text(value.filename or "")
            add(fields, _text(name), value)
    return fields


def _text(latin: str) -> str:
    try:
        text = latin.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise BadRequest("The form is not valid UTF-8") from None
    if "\0" in text:
        raise BadRequest("The form holds a NUL character")
    return text
