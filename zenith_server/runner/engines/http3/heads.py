"""The head of a request: what HTTP/3 lets a client say, and what it means to the app."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from zenith_server.host import host_of

MOST_HEADERS = 100
# What a field costs besides its bytes (RFC 9114, 4.2.2).
_OVERHEAD = 32
_METHOD = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OWN = frozenset([b":method", b":scheme", b":authority", b":path", b":protocol"])

Fields = list[tuple[bytes, bytes]]


class Refused(Exception):
    """A request that the app does not see; `args[0]` is the status of the answer."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a request asks for.

    Args:
        target: path and query, as they were sent.
        headers: the fields, with `host` among them.
    """

    method: str
    target: bytes
    headers: Fields

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.partition(b"?")[0].decode("ascii"))


def read(fields: Fields, limit: int) -> Head:
    """Return the head that the fields of a request make.

    aioquic has seen to names, to what may not be there at all and to what is there twice.

    Args:
        fields: as they were sent.
        limit: the largest head, in bytes.

    Raises:
        Refused: it is too large, or not what RFC 9114 (4.2 and 4.3) and RFC 9110 allow.

    Example:
        >>> asked = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/a")]
        >>> read([*asked, (b":authority", b"example.com")], 1000).headers
        [(b'host', b'example.com')]
    """
    _check_size(fields, limit)
    own = {name: value for name, value in fields if name in _OWN}
    method, target = own[b":method"], own.get(b":path", b"")
    if method == b"CONNECT" or b":protocol" in own:
        raise Refused(501)
    if not _METHOD.fullmatch(method) or own.get(b":scheme") != b"https":
        raise Refused(400)
    if not target.isascii() or _CONTROL.search(target) or not _is_target(method, target):
        raise Refused(400)
    return Head(method.decode().upper(), target, _headers(fields, own[b":authority"]))


def _check_size(fields: Fields, limit: int) -> None:
    size = sum(len(name) + len(value) + _OVERHEAD for name, value in fields)
    if sum(name not in _OWN for name, _ in fields) > MOST_HEADERS or size > limit:
        raise Refused(431)


def _is_target(method: bytes, target: bytes) -> bool:
    return target[:1] == b"/" or (target == b"*" and method == b"OPTIONS")


def _headers(fields: Fields, authority: bytes) -> Fields:
    """Return the fields that are headers, with the host in the place that HTTP/1.1 gives it."""
    headers = [(name, value) for name, value in fields if name not in _OWN]
    hosts = {value for name, value in headers if name == b"host"}
    lengths = [value for name, value in headers if name == b"content-length"]
    cookies = [value for name, value in headers if name == b"cookie"]
    if host_of(authority) is None or not hosts <= {authority}:
        raise Refused(400)
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise Refused(400)
    if any(_CONTROL.search(value) for _, value in headers):
        raise Refused(400)
    # A client may send each cookie by itself (RFC 9114, 4.2.1).
    joined = [(b"cookie", b"; ".join(cookies))] if cookies else []
    rest = [pair for pair in headers if pair[0] not in (b"host", b"cookie")]
    return [(b"host", authority), *rest, *joined]
