"""Patterns as a tree of segments: which endpoint answers a path."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from zenith_server.handlers.later import Handler
from zenith_server.names import Pattern

ErrorHandlers = Callable[[Exception], Handler | None]
Found = tuple["Endpoint", tuple[str, ...]]


class Endpoint(Struct):
    """All methods of one pattern, so that no other pattern can answer for it."""

    pattern: Pattern
    handlers: dict[str, Handler] = field(default_factory=dict)
    errors: dict[str, ErrorHandlers] = field(default_factory=dict)
    outside: bool = False
    url: str = ""
    _allow: str = ""

    def __post_init__(self) -> None:
        self.url = str(self.pattern)

    @property
    def is_mount(self) -> bool:
        """Whether another ASGI app answers what has no handler here, whatever the path below."""
        return "*" in self.handlers

    @property
    def allow(self) -> str:
        """The value of the Allow header; asked for once all handlers are known."""
        if not self._allow:
            self._allow = ", ".join(sorted(self.handlers.keys() - {"WEBSOCKET"}))
        return self._allow


class _Node(Struct):
    static: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: Endpoint | None = None
    endpoint: Endpoint | None = None


class Router:
    """Finds the endpoint of a path: a look-up for fixed URLs, a segment tree for the rest.

    In each segment fixed text comes before a parameter, and a parameter before a catch-all; where
    the better branch leads nowhere, the next one is tried.
    """

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self.static = {str(e.pattern): e for e in endpoints if e.pattern.is_static}
        self.root = _Node()
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        node = self.root
        for segment in endpoint.pattern.segments:
            if segment.kind == "rest":
                node.rest = endpoint
                return
            if segment.kind == "static":
                node = node.static.setdefault(segment.name, _Node())
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.endpoint = endpoint

    def find(self, segments: list[str]) -> Found | None:
        """Return the endpoint of decoded segments and the values of its parameters.

        Down to the first choice nothing has to be kept for coming back.
        """
        node, values = self.root, ()
        for index, segment in enumerate(segments):
            if node.rest is not None:
                return _find(node, segments, index, values)
            below = node.static.get(segment)
            if below is None:
                below = node.parameter
                if below is None or not segment:
                    return None
                values = (*values, segment)
            elif node.parameter is not None:
                return _find(node, segments, index, values)
            node = below
        return (node.endpoint, values) if node.endpoint is not None else None


def _find(node: _Node, segments: list[str], index: int, values: tuple[str, ...]) -> Found | None:
    if index == len(segments):
        return (node.endpoint, values) if node.endpoint is not None else None
    segment = segments[index]
    below = node.static.get(segment)
    if below is not None and (found := _find(below, segments, index + 1, values)) is not None:
        return found
    if node.parameter is not None and segment:
        found = _find(node.parameter, segments, index + 1, (*values, segment))
        if found is not None:
            return found
    if node.rest is not None and (node.rest.is_mount or any(segments[index:])):
        return node.rest, (*values, "/".join(segments[index:]))
    return None
