"""Exception mappings, compiled once each and looked up by the exception's class."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.dispatch.tree import ErrorHandlers
from zenith_server.handlers.inject import Injection, compile_error
from zenith_server.handlers.later import Handler
from zenith_server.plan import ErrorMapping

Table = dict[type[Exception] | str, Handler]


class ErrorTables:
    """Compiles the mappings of a plan.

    Args:
        shared: the mappings that hold for every route; of one exception the last wins.
        injection: what their handlers may ask for.
    """

    def __init__(self, shared: tuple[ErrorMapping, ...], injection: Injection) -> None:
        self._injection = injection
        self._compiled: dict[ErrorMapping, Handler] = {}
        self._of_all = self._table(shared)
        self._of_none: ErrorHandlers = self._look_up([self._of_all])

    def of(self, own: tuple[ErrorMapping, ...]) -> ErrorHandlers:
        """Return the look-up for a route: its own mappings first, then everybody's."""
        if not own:
            return self._of_none
        return self._look_up([self._table(reversed(own)), self._of_all])

    def _look_up(self, tables: list[Table]) -> ErrorHandlers:
        cache: dict[type[Exception], Handler | None] = {}

        def find(error: Exception) -> Handler | None:
            kind = type(error)
            if kind not in cache:
                cache[kind] = _nearest(kind, tables)
            return cache[kind]

        return find

    def _table(self, mappings: Iterable[ErrorMapping]) -> Table:
        return {mapping.exception: self._handler(mapping) for mapping in mappings}

    def _handler(self, mapping: ErrorMapping) -> Handler:
        if mapping not in self._compiled:
            self._compiled[mapping] = compile_error(
                mapping.handler, mapping.origin, self._injection
            )
        return self._compiled[mapping]


def _nearest(kind: type[Exception], tables: list[Table]) -> Handler | None:
    """Return the handler of the nearest base class in the first table that has one.

    A mapping of Exception itself is for what nobody expects, so it comes after all the others;
    otherwise it would turn a 404 into whatever it makes of crashes.
    """
    bases = [base for base in kind.__mro__ if issubclass(base, Exception)]
    for each in (bases[:-1], bases[-1:]):
        for table in tables:
            for base in each:
                found = table.get(base) or table.get(f"{base.__module__}.{base.__qualname__}")
                if found is not None:
                    return found
    return None
