"""Which error responses an operation may have, in the form that its error handlers give them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from inspect import signature as parameters_of
from typing import Any

import msgspec

from zenith_server.handlers.response import is_file
from zenith_server.handlers.schema import is_optional, members, needs_pydantic, plain
from zenith_server.handlers.signature import MISSING, Input, Known, read
from zenith_server.openapi.answers import UNKNOWN, Answer, answers
from zenith_server.openapi.raised import Raised, shows
from zenith_server.plan import ErrorMapping, Route
from zenith_server.problems import (
    BadRequest,
    ContentTooLarge,
    HTTPException,
    NotFound,
    PreconditionFailed,
    UnsupportedMediaType,
    ValidationError,
    title,
)
from zenith_server.router import CONDITIONAL

PROBLEM = "application/problem+json"


class ProblemDetails(msgspec.Struct):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | msgspec.UnsetType = msgspec.UNSET


class InputError(msgspec.Struct):
    """One thing wrong in a request: where, and what is expected instead."""

    location: list[str | int]
    message: str


class ValidationProblemDetails(ProblemDetails, kw_only=True):
    """What does not fit in a request, every fault of it (RFC 9457)."""

    errors: list[InputError]


def of_inputs(inputs: Collection[Input]) -> Iterator[Raised]:
    """Yield how the reading of these values may fail.

    Example:
        >>> [each.exception.__name__ for each in of_inputs([Input("page", "query", "page", int)])]
        ['BadRequest', 'ValidationError']
    """
    sources = {each.source for each in inputs}
    if "path" in sources:
        yield Raised(BadRequest, early=True)
    # A value in a path that does not fit is another URL; text always fits.
    if any(each.source == "path" and not _is_any_text(each.type) for each in inputs):
        yield Raised(NotFound)
    if sources - {"path"}:
        yield Raised(BadRequest)
    if sources & {"body", "form"}:
        yield Raised(ContentTooLarge)
        if not any(map(is_raw, inputs)):
            yield Raised(UnsupportedMediaType)
    if any(map(_may_not_fit, inputs)):
        yield Raised(ValidationError)


def of_condition(route: Route) -> Iterator[Raised]:
    """Yield how a conditional request may fail."""
    if hasattr(route.handler, CONDITIONAL):
        yield Raised(PreconditionFailed)


def of_file(returns: Any) -> Iterator[Raised]:
    """Yield how the sending of a file may fail, where the annotation says that one is sent."""
    if any(map(is_file, members(returns))):
        yield Raised(NotFound)
        yield Raised(PreconditionFailed)
        yield Raised(HTTPException, status=416)


def _may_not_fit(each: Input) -> bool:
    """Whether there are values that the reading refuses; in a path they are another URL."""
    if is_raw(each):
        return False
    is_free = each.source in {"header", "cookie"} and _is_any_text(each.type)
    is_required = each.default is MISSING and not is_optional(each.type)
    return each.source != "path" and (not is_free or is_required)


def is_raw(each: Input) -> bool:
    """Return whether an input is the body as it came, which may be empty."""
    return each.source == "body" and plain(each.type)[0] is bytes


def _is_any_text(annotation: Any) -> bool:
    limits = [each for each in plain(annotation)[1] if isinstance(each, msgspec.Meta)]
    return members(annotation) == (str,) and not limits and not needs_pydantic(annotation)


def failures(
    raised: Iterable[Raised],
    own: tuple[ErrorMapping, ...],
    shared: tuple[ErrorMapping, ...],
    known: Known,
) -> Iterator[Answer]:
    """Yield the error responses of an operation.

    Args:
        raised: the exceptions that may end it.
        own: the mappings of its folders, nearest first.
        shared: everybody's mappings, those that win first.
        known: what their handlers may ask for.
    """
    for each in raised:
        tables = (shared,) if each.early else (own, shared)
        found = (_nearest(each.exception, table) for table in tables)
        mapping = next(filter(None, found), None)
        if mapping is not None:
            yield from _mapped(each, mapping, known)
    for mapping in own:
        if _may_come_from_anywhere(mapping.exception):
            yield from _said(mapping, known)


def _nearest(kind: type[Exception], mappings: tuple[ErrorMapping, ...]) -> ErrorMapping | None:
    for base in kind.__mro__:
        names = {base, f"{base.__module__}.{base.__qualname__}"}
        found = next((each for each in mappings if each.exception in names), None)
        if found is not None:
            return found
    return None


def _mapped(each: Raised, mapping: ErrorMapping, known: Known) -> Iterator[Answer]:
    if not issubclass(each.exception, HTTPException):
        yield from _said(mapping, known, each.text)
        return
    status = each.status or status_of(each.exception)
    if status is None:
        return
    text = each.text or title(status)
    if mapping.exception is HTTPException and mapping.origin.where.startswith("plugin "):
        is_validation = issubclass(each.exception, ValidationError)
        body = ValidationProblemDetails if is_validation else ProblemDetails
        yield Answer(str(status), PROBLEM, body, text)
        return
    for answer in _returned(mapping, known):
        code = str(status) if answer.status == UNKNOWN else answer.status
        yield Answer(code, answer.media, answer.type, text)


def _said(mapping: ErrorMapping, known: Known, text: str = "") -> Iterator[Answer]:
    """The answers of a mapping whose annotation tells their status."""
    for answer in _returned(mapping, known):
        if answer.status.isdigit() and int(answer.status) >= 400:
            phrase = text or title(int(answer.status))
            yield Answer(answer.status, answer.media, answer.type, phrase)


def _returned(mapping: ErrorMapping, known: Known) -> tuple[Answer, ...]:
    first = next(iter(parameters_of(mapping.handler).parameters))
    given = {first: "values", "scope": "scope"}
    known = Known((), known.providers, known.services, given=given)
    signature = read(mapping.handler, known, mapping.origin)
    return answers(signature.returns, signature.status)


def _may_come_from_anywhere(exception: type[Exception] | str) -> bool:
    if isinstance(exception, str):
        return True
    return not issubclass(exception, HTTPException) and not shows(exception)


def status_of(kind: type[HTTPException]) -> int | None:
    """Return the status of an HTTP exception class, where the class has one.

    Example:
        >>> status_of(NotFound), status_of(ValidationError)
        (404, 422)
    """
    return 422 if issubclass(kind, ValidationError) else getattr(kind, "status", None)
