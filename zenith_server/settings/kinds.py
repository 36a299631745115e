"""What the text of a setting can mean: numbers, sizes, durations, choices, lists.

Every source gives text (or a list of texts), so that a value means the same in zenith.yaml, in an
environment variable and on the command line; YAML's own idea that `off` is false and `1:30` is 90
does not come into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from math import inf, isfinite
from typing import Generic, TypeVar

from msgspec import Struct

from zenith_server.editors import EDITORS
from zenith_server.names import VERSION

Raw = str | tuple[str, ...]
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
S = TypeVar("S", bound=str)

_HOST = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[?[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*\]?")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/?#\s*]+")
_BIND = re.compile(r"unix:.+|fd://[0-9]+")
_URL = re.compile(r"https?://[!#-;=?-~]+")
_EDITOR = re.compile(r"[a-z][a-z0-9+.-]*:\S*\{file\}\S*")
_PATTERN = re.compile(r"/[A-Za-z0-9._~{}:/-]*")
_DECIMAL = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_BYTES = {**_DECIMAL, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.IGNORECASE)
_TRUE = {"true": True, "yes": True, "on": True, "1": True}
_WORDS = {**_TRUE, "false": False, "no": False, "off": False, "0": False}


class Kind(Struct, Generic[T_co], frozen=True):
    """A kind of value.

    Args:
        expected: how the value is written, for messages and the reference.
        read: turns the text into the value; raises ValueError or TypeError when it cannot.
        words: the words that it knows, for a suggestion.
    """

    expected: str
    read: Callable[[Raw], T_co]
    words: tuple[str, ...] = ()


def text() -> Kind[str]:
    """Any text."""
    return Kind("text", _single)


def whole(low: int, high: int | None = None) -> Kind[int]:
    """A whole number within limits, both included."""
    limits = f"from {low} to {high}" if high is not None else f"of {low} or more"

    def read(raw: Raw) -> int:
        number = int(_single(raw))
        if number < low or (high is not None and number > high):
            raise ValueError(number)
        return number

    return Kind(f"a whole number {limits}", read)


def truth() -> Kind[bool]:
    """True or false."""
    return Kind("true or false", lambda raw: _among(_WORDS, _single(raw).lower()))


def one_of(*choices: S) -> Kind[S]:
    """One of a few words, in any case."""
    words = {choice.lower(): choice for choice in choices}
    expected = f"one of {', '.join(choices)}"
    return Kind(expected, lambda raw: _among(words, _single(raw).lower()), tuple(words))


def names(part: Callable[[str], str] = str, expected: str = "a list") -> Kind[tuple[str, ...]]:
    """A list; as text, its parts stand between commas.

    Args:
        part: returns a part in its normal form; raises ValueError when it is none.
        expected: what the parts are.
    """
    return Kind(expected, _each(part))


def networks() -> Kind[tuple[str, ...]]:
    """A list of IP networks, IPv4 or IPv6; `unix` is whoever comes by a Unix socket."""
    return names(_network, "a list of IP addresses or networks, such as 10.0.0.0/8, or unix")


def hosts() -> Kind[tuple[str, ...]]:
    """A list of host names as they stand in a URL, without scheme and port."""
    return names(
        lambda part: _shaped(_HOST, part.lower().rstrip(".")),
        "a list of host names, such as example.com or *.example.com, without scheme and port",
    )


def origins() -> Kind[tuple[str, ...]]:
    """A list of web origins; the source is RFC 6454."""
    return names(
        lambda part: _shaped(_ORIGIN, part.lower()),
        'a list of origins, such as https://example.com, without a path, or "*"',
    )


def size() -> Kind[int]:
    """A number of bytes."""
    expected = 'a size, such as 1048576 (bytes), "512 kB" or "10 MiB"'
    return Kind(expected, lambda raw: int(_scaled(raw, _BYTES)))


def mode() -> Kind[int]:
    """Who may read and write a file, in octal digits."""

    def read(raw: Raw) -> int:
        digits = _single(raw)
        number = int(digits, 8)
        if number > 0o777:
            raise ValueError(digits)
        return number

    return Kind("a file mode in octal digits, such as 660", read)


def bind() -> Kind[str]:
    """A listening socket that is no host and port."""
    return Kind(
        "unix:/path/to/socket, or fd://3",
        lambda raw: _shaped(_BIND, _single(raw)),
    )


def duration() -> Kind[float]:
    """A time in seconds."""
    expected = 'a time, such as 30 (seconds), "500ms", "5m" or "1h"'
    return Kind(expected, lambda raw: _scaled(raw, _SECONDS))


def editor() -> Kind[str]:
    """An editor that opens files by links of its own."""

    def read(raw: Raw) -> str:
        word = _single(raw)
        return word.lower() if word.lower() in EDITORS else _shaped(_EDITOR, word)

    expected = f"one of {', '.join(EDITORS)}, or a link with {{file}} and {{line}} in it"
    return Kind(expected, read, tuple(EDITORS))


def day() -> Kind[date]:
    """A day, in UTC; the source is RFC 3339."""
    return Kind("a day, such as 2026-11-01", lambda raw: date.fromisoformat(_single(raw)))


def version() -> Kind[str]:
    """The name of a version of the API."""
    expected = "a version, such as v2 or 2026-11-01"
    return Kind(expected, lambda raw: _shaped(VERSION, _single(raw)))


def address() -> Kind[str]:
    """The URL of a page."""
    return Kind("a URL, such as https://example.com/news", lambda raw: _shaped(_URL, _single(raw)))


def patterns() -> Kind[tuple[str, ...]]:
    """A list of URL patterns below a version."""
    return names(
        lambda part: _shaped(_PATTERN, part), "a list of URLs, such as /users or /users/{id}"
    )


def _single(raw: Raw) -> str:
    if isinstance(raw, tuple):
        raise TypeError(raw)
    return raw.strip()


def _parts(raw: Raw) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else raw
    return tuple(part.strip() for part in parts if part.strip())


def _each(part: Callable[[str], str]) -> Callable[[Raw], tuple[str, ...]]:
    return lambda raw: tuple(part(each) for each in _parts(raw))


def _network(part: str) -> str:
    if part == "unix":
        return part
    from ipaddress import ip_network  # slow to import, and seldom needed

    return str(ip_network(part))


def _shaped(shape: re.Pattern[str], part: str) -> str:
    if not shape.fullmatch(part):
        raise ValueError(part)
    return part


def _among(words: Mapping[str, T], word: str) -> T:
    if word not in words:
        raise ValueError(word)
    return words[word]


def _scaled(raw: Raw, units: Mapping[str, float]) -> float:
    match = _QUANTITY.fullmatch(_single(raw))
    scaled = float(match[1]) * _among(units, match[2].lower()) if match else inf
    if not isfinite(scaled):
        raise ValueError(raw)
    return scaled
