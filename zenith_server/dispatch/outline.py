"""The routes of a plan in short, so that two versions of a project can be compared."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from types import CodeType

from zenith_server.plan import Route

# Where a function or an object lies in memory, which is elsewhere after each reload.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

Outline = dict[str, tuple[str, str]]
"""By method and pattern: where it stands, and what changes with its code."""


def outline(routes: Iterable[Route]) -> Outline:
    """Return the routes, each with its place and the fingerprint of its handler.

    Example:
        >>> outline(plan.routes)
        {'GET /users/{id}': ('routes/users/[id].py:4', 'c0ffee…')}
    """
    return {
        f"{route.method} {route.pattern}": (str(route.origin), fingerprint(route.handler))
        for route in routes
    }


def fingerprint(handler: object) -> str:
    """Return what changes when a handler says something else, but not when it only moves."""
    call = inspect.unwrap(handler) if callable(handler) else handler
    code = getattr(call, "__code__", None)
    if not isinstance(code, CodeType):
        return ""
    text = "\n".join([str(inspect.signature(call)), *_parts(code)])  # pyright: ignore[reportArgumentType]
    return blake2b(_ADDRESS.sub("", text).encode(), digest_size=8).hexdigest()


def _parts(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield repr(constant)
