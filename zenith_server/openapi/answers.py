"""What a return annotation says about the responses."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

from zenith_server.handlers.response import STREAMS, is_file, is_response, is_status
from zenith_server.handlers.schema import is_optional, members, plain
from zenith_server.handlers.signature import MISSING
from zenith_server.problems import title

JSON = "application/json"
BYTES = "application/octet-stream"
LINES = "application/x-ndjson"
TEXT = "text/plain"
ANY = "*/*"
_NOTHING = (None, type(None))
UNKNOWN, ELSEWHERE = "2XX", "3XX"
"""Statuses of responses that the annotation does not tell: ranges, as OpenAPI writes them."""


class Answer(Struct, frozen=True):
    """One possible response.

    Args:
        status: a status, or a range such as `2XX`.
        media: the content type; empty where there is no body.
        type: the type of the body; `MISSING` where nothing is known of it.
        text: what the response means.
    """

    status: str
    media: str = ""
    type: Any = MISSING
    text: str = ""


def answers(returns: Any, status: int = 200) -> tuple[Answer, ...]:
    """Return the responses that a return annotation declares.

    Args:
        returns: the annotation.
        status: the status of a plain result.

    Example:
        >>> [(answer.status, answer.media) for answer in answers(dict[str, int] | None)]
        [('200', 'application/json'), ('204', '')]
    """
    kind, _ = plain(returns)
    if kind is MISSING or kind is Any:
        return (Answer(UNKNOWN if status == 200 else str(status)),)
    pairs = [get_args(each) for each in members(returns) if _says_status(each)]
    told = [each for pair in pairs for each in _told(*pair)]
    rest = _without(returns, _says_status) if pairs else returns
    return (*told, *(_bodies(rest, str(status)) if rest is not MISSING else ()))


def _told(body: Any, code: Any, headers: Any = None) -> Iterator[Answer]:
    """The answers of `(body, status)`; with headers, they say what the bytes are."""
    for status in _statuses(code):
        for answer in _bodies(body, status):
            is_bytes = headers is not None and answer.media == BYTES
            yield replace(answer, media=ANY) if is_bytes else answer


def _says_status(kind: Any) -> bool:
    inner = get_args(kind)
    return get_origin(kind) is tuple and len(inner) in {2, 3} and is_status(inner[1])


def _without(annotation: Any, left_out: Callable[[Any], bool]) -> Any:
    """A union without some of its members; `MISSING` where none is left."""
    kind, _ = plain(annotation)
    kinds = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    kept = [each for each in kinds if not left_out(plain(each)[0])]
    return cast("Any", Union[*kept]) if kept else MISSING


def _statuses(annotation: Any) -> tuple[str, ...]:
    kind, _ = plain(annotation)
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else (UNKNOWN,)


def _bodies(annotation: Any, status: str) -> Iterator[Answer]:
    """One answer for each kind of body in a union; all that are JSON are one."""
    kinds = [kind for kind in members(annotation) if kind not in _NOTHING]
    special = [answer for kind in kinds if (answer := _special(kind, status)) is not None]
    data = [kind for kind in kinds if _special(kind, status) is None]
    if data:
        # What stands beside a type in `Annotated` says more of it, such as a discriminator.
        whole = _without(annotation, _is_nothing) if is_optional(annotation) else annotation
        yield Answer(status, JSON, Union[*data] if special else whole)
    yield from special
    if any(map(is_file, kinds)):
        yield Answer("206", ANY)
        yield Answer("304", text=title(304))
    if is_optional(annotation):
        yield Answer("204" if status in {"200", UNKNOWN} else status)


def _is_nothing(kind: Any) -> bool:
    return kind in _NOTHING


def _special(kind: Any, status: str) -> Answer | None:
    if kind is bytes:
        return Answer(status, BYTES)
    if get_origin(kind) in STREAMS:
        return _stream(get_args(kind)[0], status)
    if is_response(kind):
        return _response(kind)
    return Answer(UNKNOWN) if isinstance(kind, typing.TypeVar) else None


def _stream(piece: Any, status: str) -> Answer:
    kind, _ = plain(piece)
    if kind is bytes:
        return Answer(status, BYTES)
    return Answer(status, TEXT, str) if kind is str else Answer(status, LINES, piece)


def _response(kind: Any) -> Answer:
    """A response object carries its own status; its class may tell the content type."""
    if any(base.__name__ == "RedirectResponse" for base in kind.__mro__):
        return Answer(ELSEWHERE)
    if is_file(kind):
        return Answer("200", ANY)
    return Answer(UNKNOWN, getattr(kind, "media_type", None) or ANY)
