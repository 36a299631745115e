"""Conditional requests: a client names the version that it knows (RFC 9110, 13)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from zenith_server.handlers.request import header_values
from zenith_server.handlers.stream import Stream
from zenith_server.problems import PreconditionFailed
from zenith_server.protocol import Headers, Scope
from zenith_server.reply import Reply, reply

TAGGED = "zenith.tagged"
"""In the scope of a request whose ETag is checked here: layers that change the bytes extend it."""
_SAFE = ("GET", "HEAD")
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"|(\*)')
# What layers add to a tag, so that different bytes have different ones.
_VARIANT = re.compile(r"(-msgpack)?(-gzip)?\Z")


class State(NamedTuple):
    """What is known of the present version.

    Args:
        tag: the opaque part of its ETag; empty if it has none.
        modified: when it was last changed, to the second.
    """

    tag: str
    modified: datetime | None = None

    @property
    def headers(self) -> Headers:
        """ETag and Last-Modified."""
        found: Headers = [(b"etag", b'"%s"' % self.tag.encode())] if self.tag else []
        if self.modified is not None:
            found.append((b"last-modified", format_datetime(self.modified, usegmt=True).encode()))
        return found


def state_of(version: Any) -> State | None:
    """Return the state that a version stands for.

    Args:
        version: text, a number, a time, or several of them in a tuple; nothing where there is
            nothing at the URL.

    Raises:
        TypeError: it is something else.

    Example:
        >>> state_of(datetime(2027, 1, 1, tzinfo=UTC)).headers[1]
        (b'last-modified', b'Fri, 01 Jan 2027 00:00:00 GMT')
    """
    if version is None:
        return None
    parts: tuple[Any, ...] = version if version.__class__ is tuple else (version,)
    wrong = [part for part in parts if not isinstance(part, str | int | datetime)]
    if wrong or not parts:
        found = type(wrong[0] if wrong else version).__qualname__
        raise TypeError(f"A version is text, a number, a time or a tuple of these, not {found}")
    times = [_in_utc(part) for part in parts if isinstance(part, datetime)]
    text = "\0".join(map(str, parts))
    return State(_hash(text.encode()), max(times).replace(microsecond=0) if times else None)


def checked(scope: Scope, version: Any) -> Reply | None:
    """Return the answer to a client that knows this version, if it asked for another.

    Raises:
        PreconditionFailed: the client wants to change another version than there is.
    """
    scope[TAGGED] = True
    return check(scope, state_of(version))


def check(scope: Scope, state: State | None) -> Reply | None:
    """Return 304 where the client has this state already, in the order of RFC 9110, 13.2.2.

    Args:
        scope: the request's.
        state: the present one; nothing where there is nothing.

    Raises:
        PreconditionFailed: what the client asks for does not hold.
    """
    given = {name for name, _ in scope["headers"]} & _CONDITIONS
    if not given:
        return None
    is_safe = scope["method"] in _SAFE
    if b"if-match" in given:
        if _named(scope, b"if-match", state, weakly=False) is None:
            raise _failed("If-Match")
    elif b"if-unmodified-since" in given and _is_newer(scope, b"if-unmodified-since", state):
        raise _failed("If-Unmodified-Since")
    if b"if-none-match" in given:
        known = _named(scope, b"if-none-match", state, weakly=True)
        if known is not None and not is_safe:
            raise _failed("If-None-Match")
        return _unchanged(state, known) if known is not None else None
    if is_safe and b"if-modified-since" in given and state is not None:
        is_newer = _is_newer(scope, b"if-modified-since", state)
        return _unchanged(state, "") if is_newer is False else None
    return None


def tagged(answer: Any, version: Any) -> Any:
    """Add the validators of a version to a successful answer to GET."""
    state = state_of(version)
    if state is not None and isinstance(answer, Reply | Stream) and answer.status == 200:
        own = {name for name, _ in answer.headers}
        answer.headers = [*answer.headers, *(h for h in state.headers if h[0] not in own)]
    return answer


def tagged_by_body(scope: Scope, answer: Any) -> Any:
    """Add an ETag that the bytes of an answer give; it becomes 304 where the client has them.

    An ETag or Last-Modified that the handler gave itself counts in its place.

    Raises:
        PreconditionFailed: the client wants the answer only if it is another one.
    """
    if answer.__class__ is not Reply or answer.status != 200:
        return answer
    scope[TAGGED] = True
    state = _given(answer.headers)
    if state is None:
        state = State(_hash(answer.body))
        answer.headers = [*answer.headers, *state.headers]
    unchanged = check(scope, state)
    if unchanged is None:
        return answer
    names = {name for name, _ in unchanged.headers}
    kept = [h for h in answer.headers if h[0] in _KEPT and h[0] not in names]
    return Reply(304, [*unchanged.headers, *kept])


def variant(tag: bytes, name: bytes) -> bytes:
    """Return the tag of the same version in other bytes.

    Example:
        >>> variant(b'"abc"', b"gzip")
        b'"abc-gzip"'
    """
    return tag[:-1] + b"-" + name + b'"'


_CONDITIONS = {
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
}
_KEPT = (b"cache-control", b"content-location", b"expires", b"vary", b"etag", b"last-modified")
"""What a 304 has as the 200 would (RFC 9110, 15.4.5)."""


def _given(headers: Headers) -> State | None:
    """The validators that a handler gave itself."""
    found = dict(headers)
    tag = _TAG.fullmatch(found.get(b"etag", b"").decode("latin-1"))
    modified = _date(found.get(b"last-modified", b"").decode("latin-1"))
    return State(tag[2] if tag else "", modified) if tag or modified else None


def _named(scope: Scope, name: bytes, state: State | None, *, weakly: bool) -> str | None:
    """The tag in a list that names the state, as the client wrote it; `*` names any."""
    for line in header_values(scope, name):
        for found in _TAG.finditer(line):
            weak, tag, is_any = found.groups()
            if state is None:
                continue
            if is_any:
                return ""
            if state.tag and _VARIANT.sub("", tag) == state.tag and (weakly or not weak):
                return found[0]
    return None


def _is_newer(scope: Scope, name: bytes, state: State | None) -> bool | None:
    """Whether the state is newer than a date; nothing where that cannot be told."""
    lines = header_values(scope, name)
    date = _date(lines[0]) if len(lines) == 1 else None
    if date is None or state is None or state.modified is None:
        return None
    return state.modified > date


def _date(text: str) -> datetime | None:
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None  # a date that is none is ignored (RFC 9110, 13.1.3)


def _unchanged(state: State | None, known: str) -> Reply:
    headers = state.headers if state is not None else []
    if known:
        # As the client knows it: in these bytes, be they compressed.
        headers = [(b"etag", known.encode("latin-1")), *(h for h in headers if h[0] != b"etag")]
    return reply(304, headers)


def _failed(name: str) -> PreconditionFailed:
    return PreconditionFailed(f"The version is not the one that {name} names")


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
