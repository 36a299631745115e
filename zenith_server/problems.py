"""What a client is told when a request fails: HTTP exceptions and the faults of its input.

The document is RFC 9457 (`application/problem+json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from msgspec import Struct


class HTTPException(Exception):
    """Ends a request with a status and a problem document.

    Args:
        status_code: the HTTP status, 400 to 599.
        detail: what this client should know about this occurrence; the status phrase by default.
        headers: added to the response.
        extensions: further members of the problem document (RFC 9457, 3.2).

    Example:
        >>> raise HTTPException(409, "That name is taken", name="ada")
        Traceback (most recent call last):
        ...
        zenith_server.problems.HTTPException: 409 That name is taken
    """

    def __init__(
        self,
        status_code: int,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
        **extensions: object,
    ) -> None:
        self.status_code = status_code
        self.detail = detail or title(status_code)
        self.headers = dict(headers) if headers else {}
        self.extensions = extensions

    def __str__(self) -> str:
        """Return status and detail; not made beforehand, because most are never printed."""
        return f"{self.status_code} {self.detail}"


class _Named(HTTPException):
    status: ClassVar[int]

    def __init__(
        self, detail: str = "", headers: Mapping[str, str] | None = None, **extensions: object
    ) -> None:
        # What `HTTPException` does, which a call of it would double the price of.
        self.status_code = self.status
        self.detail = detail or title(self.status)
        self.headers = dict(headers) if headers else {}
        self.extensions = extensions


class BadRequest(_Named):
    """400: the request cannot be understood."""

    status = 400


class Unauthorized(_Named):
    """401: the client must say who it is; send `WWW-Authenticate` in the headers."""

    status = 401


class Forbidden(_Named):
    """403: this client may not."""

    status = 403


class NotFound(_Named):
    """404: there is nothing here, or nothing this client may know of."""

    status = 404


class MethodNotAllowed(_Named):
    """405: the URL exists, the method does not."""

    status = 405


class NotAcceptable(_Named):
    """406: no representation fits the Accept headers."""

    status = 406


class Conflict(_Named):
    """409: the request contradicts what is stored."""

    status = 409


class Gone(_Named):
    """410: it was here and will not come back."""

    status = 410


class PreconditionFailed(_Named):
    """412: a condition in the headers does not hold."""

    status = 412


class ContentTooLarge(_Named):
    """413: the body is larger than this server accepts."""

    status = 413


class UnsupportedMediaType(_Named):
    """415: the body is in a format that this handler does not read."""

    status = 415


class UnprocessableContent(_Named):
    """422: the body was read and means nothing here."""

    status = 422


class TooManyRequests(_Named):
    """429: this client must slow down; send `Retry-After` in the headers."""

    status = 429


class InternalServerError(_Named):
    """500: the server failed; the detail is sent to the client, so say nothing secret."""

    status = 500


class ServiceUnavailable(_Named):
    """503: not now; send `Retry-After` in the headers."""

    status = 503


def nothing_at(path: str) -> NotFound:
    """Return the 404 of a URL that leads nowhere; why it does is for nobody to know.

    Example:
        >>> str(nothing_at("/users/x"))
        '404 There is nothing at /users/x'
    """
    return NotFound(f"There is nothing at {path}")


class InputFault(Struct, frozen=True):
    """One thing wrong in what a client sent.

    Args:
        location: where: the source (`query`, `body`, …) and then the path inside it.
        message: what is expected instead.
    """

    location: tuple[str | int, ...]
    message: str


class ValidationError(HTTPException):
    """422: what the client sent does not fit the handler; lists every fault.

    Example:
        >>> error = ValidationError([InputFault(("query", "limit"), "Expected `int`, got `str`")])
        >>> error.extensions["errors"]
        [{'location': ['query', 'limit'], 'message': 'Expected `int`, got `str`'}]
    """

    def __init__(self, faults: list[InputFault]) -> None:
        errors = [{"location": list(f.location), "message": f.message} for f in faults]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(422, f"The request has {count}; see errors", errors=errors)
        self.faults = tuple(faults)


_TITLES = {status.value: status.phrase for status in HTTPStatus} | {
    # CPython before 3.13 still has the names of RFC 7231.
    413: "Content Too Large",
    414: "URI Too Long",
    422: "Unprocessable Content",
}


def title(status: int) -> str:
    """Return the phrase of a status, in RFC 9110's words.

    Example:
        >>> title(413)
        'Content Too Large'
    """
    return _TITLES.get(status) or f"Status {status}"


def document(error: HTTPException, request_id: str | None = None) -> dict[str, object]:
    """Return the problem document of an error.

    Example:
        >>> document(NotFound("No article of that name"))["title"]
        'Not Found'
    """
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title(error.status_code),
        "status": error.status_code,
        "detail": error.detail,
    }
    if request_id is not None:
        body["request_id"] = request_id
    if error.extensions:
        body |= error.extensions
    return body
