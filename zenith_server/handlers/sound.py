"""Whether a handler is known to be sound without its code being written.

Nearly all handlers ask for nothing but what clients send. What can be wrong with these is in their
signature and types, and so their code can wait for the first request. For all others, and for
whatever is wrong, the code is written at the start; that tells every fault in full.
"""

from __future__ import annotations

import functools
from typing import Any

from msgspec import StructMeta

from zenith_server.handlers.inputs import reader
from zenith_server.handlers.response import encoder
from zenith_server.handlers.schema import SCALARS
from zenith_server.handlers.signature import Input, Signature
from zenith_server.plan import Route
from zenith_server.router import CONDITIONAL

_OTHERS = ("*", "WEBSOCKET")


def is_sound(route: Route, signature: Signature, *, refuse_unknown: bool) -> bool:
    """Whether nothing can be wrong with the code of a route's handler.

    Args:
        route: the route.
        signature: that of its handler.
        refuse_unknown: whether a field that a type does not have is a fault.
    """
    if route.method in _OTHERS or route.guards or hasattr(route.handler, CONDITIONAL):
        return False
    wanted = signature.parameters
    if any(parameter.__class__ is not Input for parameter in wanted):
        return False
    sources = {p.source for p in wanted if isinstance(p, Input)}
    taken = {p.key for p in wanted if isinstance(p, Input) and p.source == "path"}
    if not taken.issuperset(route.pattern.parameters) or {"body", "form"} <= sources:
        return False
    try:
        for p in wanted:
            if isinstance(p, Input) and not _is_flat(p.type, p.source):
                _read(p.type, p.source, refuse_unknown)
        if not _is_flat(signature.returns, "body"):
            _write(signature.returns)
    except (TypeError, ValueError, NameError, AttributeError):
        return False
    return True


def reads(signature: Signature, *sources: str) -> bool:
    """Whether a handler reads one of these parts of the request."""
    return any(isinstance(p, Input) and p.source in sources for p in signature.parameters)


def _is_flat(annotation: Any, source: str) -> bool:
    """Whether a type is a scalar or a struct of scalars, which can be read and written for sure."""
    if annotation in SCALARS:
        return True
    is_struct = annotation.__class__ is StructMeta
    return is_struct and source == "body" and _holds_scalars(annotation)


@functools.lru_cache(maxsize=512)
def _holds_scalars(struct: type[Any]) -> bool:
    own = [getattr(base, "__annotations__", {}) for base in struct.__mro__]
    return all(hint in SCALARS for hints in own for hint in hints.values())


# Most handlers share the few types that there are.
@functools.lru_cache(maxsize=512)
def _read(annotation: Any, source: Any, refuse_unknown: bool) -> None:
    reader(Input("", source, "", annotation), refuse_unknown=refuse_unknown)


@functools.lru_cache(maxsize=512)
def _write(returns: Any) -> None:
    encoder(returns)
