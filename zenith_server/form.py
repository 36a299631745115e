"""Reading a form: its fields by name, uploads among them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from zenith_server.problems import BadRequest, ContentTooLarge, UnsupportedMediaType
from zenith_server.protocol import Message, Receive, Scope
from zenith_server.request import header

OpenForm = Callable[[Scope, Receive], AbstractAsyncContextManager[dict[str, Any]]]
MEDIA = ("application/x-www-form-urlencoded", "multipart/form-data")


def form_opener(limit: int) -> OpenForm:
    """Return what reads a form of at most `limit` bytes, and removes its uploads afterwards.

    Example:
        >>> async with form_opener(10 * 2**20)(scope, receive) as fields:
        ...     fields["name"]
    """

    @asynccontextmanager
    async def open_form(scope: Scope, receive: Receive) -> AsyncIterator[dict[str, Any]]:
        from starlette.exceptions import HTTPException
        from starlette.requests import Request

        _require_form(scope)
        request = Request(scope, _limited(scope, receive, limit))
        try:
            form = await request.form(max_part_size=limit)
        except HTTPException as error:
            raise BadRequest(str(error.detail)) from error
        except UnicodeDecodeError as error:
            raise BadRequest("The form is not valid UTF-8") from error
        try:
            yield _by_name(form.multi_items())
        finally:
            await form.close()

    return open_form


def _require_form(scope: Scope) -> None:
    media = (header(scope, b"content-type") or b"").decode("latin-1").partition(";")[0]
    if media.strip().lower() not in MEDIA:
        raise UnsupportedMediaType(f"Send a form: {' or '.join(MEDIA)}")


def _limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise ContentTooLarge(f"The form is larger than {limit} bytes")
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise ContentTooLarge(f"The form is larger than {limit} bytes")
        return message

    return receive_limited


def _by_name(items: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in items:
        if isinstance(value, str) and "\0" in value:
            raise BadRequest("The form holds a NUL character")
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields
