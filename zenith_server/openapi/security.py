"""Which credentials an operation asks for, told by the parameters that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from msgspec import Struct

from zenith_server.handlers.schema import is_optional, plain
from zenith_server.handlers.signature import MISSING, Input
from zenith_server.markers import Security
from zenith_server.openapi.calls import Call


class Scheme(Struct, frozen=True):
    """How a client says who it is.

    Args:
        kind: the word before the credentials, such as `Bearer`; empty for a bare key.
        source: `header`, `cookie` or `query`.
        key: the name of that header, cookie or query parameter.
    """

    kind: str
    source: str
    key: str

    @property
    def name(self) -> str:
        """What the scheme is called in the document."""
        return "".join(c if c.isalnum() else "_" for c in (self.kind or self.key)).lower()

    def definition(self) -> dict[str, Any]:
        """Return it as the document writes it (OpenAPI 3.1, 4.8.27)."""
        is_registered = self.kind.lower() in {"basic", "bearer", "digest"}
        if is_registered and self.key.lower() == "authorization":
            return {"type": "http", "scheme": self.kind.lower()}
        text = {"description": f'"{self.kind} " and then the credentials.'} if self.kind else {}
        return {"type": "apiKey", "in": self.source, "name": self.key} | text


Requirement = tuple[Scheme, ...]
"""Schemes that are needed together; one of several requirements is enough, an empty one is none."""


def is_credential(given: Input) -> bool:
    """Whether a value of the client says who it is: it is marked so, or it is `Authorization`."""
    return _scheme(given) is not None


def requirements(handler: Call, guards: tuple[Call, ...]) -> tuple[Requirement, ...]:
    """Return what a client may choose from to be let in.

    Credentials that a dependency reads are optional where the handler takes `None` in its place:
    every dependency on the way returns an optional type.

    Args:
        handler: the handler with its dependencies.
        guards: what runs before it.
    """
    needed: dict[frozenset[Scheme], bool] = {}
    for call, required in (*_reached(handler, required=False), *_guards(guards)):
        for choice, is_needed in _choices(call):
            needed[choice] = needed.get(choice, False) or (required or is_needed)
    if not needed:
        return ()
    together = [sorted(choice, key=_name) for choice, required in needed.items() if required]
    found = [tuple(dict.fromkeys(each)) for each in product(*together)] if together else []
    free = [
        (s,) for choice, needs in needed.items() if not needs for s in sorted(choice, key=_name)
    ]
    return tuple(found) or (*free, ())


def schemes(required: Iterable[tuple[Requirement, ...]]) -> dict[str, dict[str, Any]]:
    """Return the definitions of all schemes of some operations, by name."""
    found = {scheme for each in required for choice in each for scheme in choice}
    return {scheme.name: scheme.definition() for scheme in sorted(found, key=_name)}


def _name(scheme: Scheme) -> str:
    return scheme.name


def _guards(guards: tuple[Call, ...]) -> Iterator[tuple[Call, bool]]:
    for guard in guards:
        yield from _reached(guard, required=True)


def _reached(call: Call, *, required: bool) -> Iterator[tuple[Call, bool]]:
    yield call, required
    for below in call.below:
        yield from _reached(below, required=required or not _may_be_none(below))


def _may_be_none(call: Call) -> bool:
    returns = call.signature.returns
    return returns is not MISSING and is_optional(returns)


def _choices(call: Call) -> Iterator[tuple[frozenset[Scheme], bool]]:
    """Credentials with a default stand for one another; each without one is needed."""
    found = [(s, each) for each in call.inputs if (s := _scheme(each)) is not None]
    either = frozenset(scheme for scheme, each in found if not _is_needed(each))
    if either:
        yield either, False
    for scheme, each in found:
        if _is_needed(each):
            yield frozenset({scheme}), True


def _is_needed(given: Input) -> bool:
    return given.default is MISSING and not is_optional(given.type)


def _scheme(given: Input) -> Scheme | None:
    _, metadata = plain(given.type)
    marker = next((each for each in metadata if isinstance(each, Security)), None)
    is_authorization = given.source == "header" and given.key.lower() == "authorization"
    if marker is None and not is_authorization:
        return None
    kind = marker.scheme if marker is not None else "Bearer"
    return Scheme(kind, given.source, "Authorization" if is_authorization else given.key)
