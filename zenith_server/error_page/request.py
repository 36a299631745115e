"""What was asked when it failed, as far as it may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from zenith_server.error_page.variables import Variable, Variables
from zenith_server.error_page.veil import Veil
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.names import Pattern
from zenith_server.plan import Route
from zenith_server.protocol import Scope
from zenith_server.secrets import MASK

_MOST = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Args:
        line: its method and URL.
        route: the pattern that it was answered by, if one was found.
        origin: where the handler stands, as `file:line`.
        identity: its id in the log.
        path: the parameters of the path.
        query: those of the query string.
        headers: its headers, as they came.
    """

    line: str
    route: str = ""
    origin: str = ""
    identity: str = ""
    path: tuple[Variable, ...] = ()
    query: tuple[Variable, ...] = ()
    headers: tuple[Variable, ...] = ()


def asked(scope: Scope, routes: Iterable[Route], veil: Veil) -> Asked:
    """Return what is told of the request of a scope.

    Args:
        scope: of ASGI.
        routes: all that there are, of which one may have been found.
        veil: covers what is secret.
    """
    method = str(scope.get("method", "WEBSOCKET"))
    # Where no hook is on, nobody has noted what was found.
    exchange: Exchange | None = scope.get(EXCHANGE)
    endpoint = exchange.endpoint if exchange else None
    pattern: Pattern | None = endpoint.pattern if endpoint else None
    query = str(scope.get("query_string", b""), "latin-1")
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=None)[:_MOST]
    headers = [(str(k, "latin-1"), str(v, "latin-1")) for k, v in scope.get("headers", ())]
    shown = _shown(pairs, veil)
    return Asked(
        f"{method} {veil.text(scope.get('path', ''))}{'?' if shown else ''}"
        + "&".join(f"{name}={value}" for name, value in shown),
        str(pattern) if pattern else "",
        _origin(routes, pattern, method),
        str(scope.get("request_id") or ""),
        _shown(_values(pattern, scope), veil),
        shown,
        _shown(headers[:_MOST], veil),
    )


def _origin(routes: Iterable[Route], pattern: Pattern | None, method: str) -> str:
    found = {route.method: str(route.origin) for route in routes if route.pattern == pattern}
    others = ("GET", "*") if method == "HEAD" else ("*",)
    return next((found[each] for each in (method, *others) if each in found), "")


def _values(pattern: Pattern | None, scope: Scope) -> Iterator[tuple[str, str]]:
    """The parameters of a path; of a version that a header names the path has fewer segments."""
    parts = str(scope.get("path", "")).removeprefix(str(scope.get("root_path") or ""))
    given = parts.strip("/").split("/")
    segments = pattern.segments if pattern else ()
    for segment, index in zip(segments, range(len(given)), strict=False):
        if segment.kind != "static":
            rest = given[index:] if segment.kind == "rest" else given[index : index + 1]
            yield segment.name, "/".join(rest)


def _shown(pairs: Iterable[tuple[str, str]], veil: Veil) -> tuple[Variable, ...]:
    """Text as it came, without quotes: it is all text."""
    variables = Variables(veil)
    return tuple(
        (name, MASK if veil.is_secret(name) else variables.text(value)) for name, value in pairs
    )
