"""A database URL taken apart, forgiving about passwords, and put together again masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

HIDDEN = "***"

_SHAPE = (
    r"(?:(?P<user>[^:@/?]*)(?::(?P<password>{password}))?@)?"
    r"(?P<hosts>[^@/?]*)(?:/(?P<database>[^@?]*))?(?:\?(?P<query>{query}))?"
)
_PAIRS = r"(?:[\w.-]+=[^&]*(?:&+|$))*"
# As the standard writes it first; else the last `@` ends the password, whatever stands before.
_STRICT = re.compile(_SHAPE.format(password="[^@/?]*", query=_PAIRS), re.DOTALL)
_LENIENT = re.compile(_SHAPE.format(password=".*", query=_PAIRS), re.DOTALL)
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\],]*)(?::(\d*))?")
_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a server's database URL, decoded.

    Args:
        user: the user's name, empty when none is given.
        password: the password, or nothing when none is given.
        hosts: host and port of each server, in order; no port means the usual one.
        database: the name of the database, empty when none is given.
        query: the options after the question mark; the last one of a name counts.
    """

    user: str
    password: str | None = field(repr=False)
    hosts: tuple[tuple[str, int | None], ...]
    database: str
    query: dict[str, str] = field(repr=False)


def split(rest: str) -> Address | None:
    """Take apart what stands after `scheme://`, or return nothing when it has no such shape.

    Example:
        >>> split("ann:p@ss/word@db:5433/shop").hosts
        (('db', 5433),)
    """
    parts = _match(rest)
    if parts is None:
        return None
    password = parts["password"]
    return Address(
        user=unquote(parts["user"] or ""),
        password=None if password is None else unquote(password),
        hosts=tuple(map(_host, (parts["hosts"] or "").split(","))),
        database=unquote(parts["database"] or ""),
        query=dict(parse_qsl(parts["query"] or "", keep_blank_values=True)),
    )


def mask(raw: str) -> str:
    """Return a database URL as it may be printed; one that cannot be read loses all but its scheme.

    Example:
        >>> mask("postgresql://ann:s3cret@db/shop?sslpassword=x")
        'postgresql://ann:***@db/shop?sslpassword=***'
    """
    scheme, separator, rest = raw.partition("://")
    if not separator:
        return HIDDEN
    if scheme.lower().startswith("sqlite"):
        place, question, query = rest.partition("?")
        return f"{scheme}://{place}{question}{_mask_query(query)}"
    parts = _match(rest)
    if parts is None:
        return f"{scheme}://{HIDDEN}"
    password = "" if parts["password"] is None else f":{HIDDEN}"
    user = "" if parts["user"] is None else f"{parts['user']}{password}@"
    database = "" if parts["database"] is None else f"/{parts['database']}"
    query = "" if parts["query"] is None else f"?{_mask_query(parts['query'])}"
    return f"{scheme}://{user}{parts['hosts']}{database}{query}"


def _match(rest: str) -> dict[str, str | None] | None:
    match = _STRICT.fullmatch(rest) or _LENIENT.fullmatch(rest)
    if match is None or not all(map(_HOST.fullmatch, match["hosts"].split(","))):
        return None
    return match.groupdict()


def _host(text: str) -> tuple[str, int | None]:
    name, port = _HOST.findall(text)[0]
    return unquote(name.strip("[]")), int(port) if port else None


def _mask_query(query: str) -> str:
    return "&".join(map(_mask_pair, query.split("&")))


def _mask_pair(pair: str) -> str:
    key, equals, _ = pair.partition("=")
    return f"{key}{equals}{HIDDEN}" if equals and _SECRET_KEY.search(key) else pair
