"""The host that a client asked for, as the Host and Origin headers name it."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

_NAMED = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{0,5})?", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([0-9a-f:.]+)\](?::[0-9]{0,5})?", re.IGNORECASE)


@lru_cache(maxsize=1024)
def host_of(authority: bytes) -> str | None:
    """Return the host in an authority, in small letters, without port, brackets and last dot.

    Percent-encoding and user names are not taken: no browser or proxy sends them in a Host header,
    and software behind us may read them in another way.

    Returns:
        None where it is not of the form `host[:port]` (RFC 9110, 7.2; RFC 3986, 3.2.2).

    Example:
        >>> host_of(b"Example.com:8000")
        'example.com'
    """
    text = authority.decode("latin-1")
    named = _NAMED.fullmatch(text)
    if named is not None:
        return named[1].lower() if len(named[1]) <= 253 else None
    bracketed = _BRACKETED.fullmatch(text)
    return _ipv6(bracketed[1]) if bracketed is not None else None


def _ipv6(text: str) -> str | None:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        return None
