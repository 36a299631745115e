"""Exception mappings, compiled once each and looked up by the exception's class."""

from __future__ import annotations

from collections.abc import Mapping

from zenith_server.inject import Handler, Injection, compile_error
from zenith_server.plan import ErrorMapping
from zenith_server.tree import ErrorHandlers


class ErrorTables:
    """Compiles the mappings of a plan.

    Args:
        shared: the mappings that hold for every route, those that win first.
        injection: what their handlers may ask for.
    """

    def __init__(self, shared: tuple[ErrorMapping, ...], injection: Injection) -> None:
        self._shared = shared
        self._injection = injection
        self._compiled: dict[ErrorMapping, Handler] = {}

    def of(self, own: tuple[ErrorMapping, ...]) -> ErrorHandlers:
        """Return the look-up for a route: its own mappings first, then everybody's."""
        own_table = {m.exception: self._handler(m) for m in reversed(own)}
        shared_table = {m.exception: self._handler(m) for m in reversed(self._shared)}
        cache: dict[type[Exception], Handler | None] = {}

        def find(error: Exception) -> Handler | None:
            kind = type(error)
            if kind not in cache:
                cache[kind] = _nearest(kind, own_table) or _nearest(kind, shared_table)
            return cache[kind]

        return find

    def _handler(self, mapping: ErrorMapping) -> Handler:
        if mapping not in self._compiled:
            self._compiled[mapping] = compile_error(
                mapping.handler, mapping.origin, self._injection
            )
        return self._compiled[mapping]


def _nearest(
    kind: type[Exception], table: Mapping[type[Exception] | str, Handler]
) -> Handler | None:
    for base in kind.__mro__:
        found = table.get(base) or table.get(f"{base.__module__}.{base.__qualname__}")
        if found is not None:
            return found
    return None
