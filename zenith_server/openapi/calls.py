"""A handler with everything that is called before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from zenith_server.handlers.signature import Input, Known, Need, Signature, read
from zenith_server.plan import Origin, Provider, Service


class Call(Struct, frozen=True):
    """A handler, guard or dependency, with the dependencies that it asks for."""

    signature: Signature
    below: tuple[Call, ...] = ()

    def all(self) -> Iterator[Call]:
        """Yield this call and everything below it."""
        yield self
        for call in self.below:
            yield from call.all()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What this call itself reads from the request."""
        return tuple(p for p in self.signature.parameters if isinstance(p, Input))


def call_of(function: Callable[..., Any], known: Known, origin: Origin) -> Call:
    """Return a call with all that it asks for.

    Raises:
        ProjectError: a parameter that nothing supplies.
    """
    signature = read(function, known, origin)
    supplies = [p.supply for p in signature.parameters if isinstance(p, Need)]
    calls = [s for s in supplies if not isinstance(s, (Provider, Service))]
    return Call(signature, tuple(call_of(each, known, origin) for each in calls))
