"""JSON out, and nothing in it that the return annotation does not declare."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass
from operator import attrgetter
from typing import Any, get_args

import msgspec

from zenith_server.handlers import pydantic_types
from zenith_server.handlers.later import FirstUse
from zenith_server.handlers.rows import columns_of, private_guard
from zenith_server.handlers.schema import (
    class_of,
    fields,
    has_struct,
    is_mapped,
    is_struct,
    members,
    needs_pydantic,
    parts,
)
from zenith_server.handlers.undeclared import simpler, write_anything

Write = Callable[[Any], bytes]
Test = Callable[[Any], bool]
MISSING: Any = object()
_SCALARS = (str, int, float, bool)
_ANYTHING = (Any, object)


def json_writer(annotation: Any = MISSING) -> Write:
    """Return what writes a value as JSON, only with what its declared type has.

    Args:
        annotation: the declared type; without one, the value is written as it is.

    Raises:
        TypeError: nothing writes the type.

    Example:
        >>> class Out(msgspec.Struct): name: str
        >>> json_writer(Out)({"name": "ada", "password": "hidden"})
        b'{"name":"ada"}'
    """
    if annotation is MISSING or any(kind in _ANYTHING for kind in members(annotation)):
        return write_anything
    try:
        return _known_writer(annotation)
    except TypeError:
        if len(members(annotation)) == 1:
            raise
    return _first_fit(annotation)


def _known_writer(annotation: Any) -> Write:
    """The writer of a type; handlers of one file mostly return the same few."""
    try:
        hash(annotation)
    except TypeError:  # what stands in `Annotated` need not be hashable
        return _declared_writer(annotation)
    # Unions are equal in any order, and the order matters.
    return _same_writer(annotation, str(annotation))


@functools.lru_cache(maxsize=64)
def _same_writer(annotation: Any, _spelt: str) -> Write:
    return _declared_writer(annotation)


def _declared_writer(annotation: Any) -> Write:
    if any(is_mapped(kind) for kind, _ in parts(annotation, into_fields=False)):
        return write_anything
    if needs_pydantic(annotation):
        return pydantic_types.json_writer(annotation)
    msgspec.json.Decoder(annotation)  # raises for what it cannot shape, while the server starts
    return FirstUse(lambda: _writer(annotation))


def _writer(annotation: Any) -> Write:
    encode = _encoder(annotation)
    fits = _Fits().of(annotation)
    shape = _shaper(annotation)

    def write(value: Any) -> bytes:
        return encode(value if fits(value) else shape(value))

    return write


def _first_fit(annotation: Any) -> Write:
    """Write a union that has no tags: by the value's class, or else as the first that it fits."""
    writers = {kind: json_writer(kind) for kind in members(annotation)}

    def write(value: Any) -> bytes:
        for kind, writer in writers.items():
            if value.__class__ is class_of(kind):
                return writer(value)
        for writer in writers.values():
            with suppress(TypeError):
                return writer(value)
        raise TypeError(_misfit(value, annotation))

    return write


class _Fits:
    """Makes tests whether a value holds nothing undeclared, so that it may be written as it is.

    Scalars inside of structs are not looked at: what a struct declares as text hides nothing.
    """

    def __init__(self) -> None:
        self._of_structs: dict[Any, Test] = {}

    def of(self, annotation: Any) -> Test:
        kinds = members(annotation)
        tests = {class_of(kind): self._of_kind(kind) for kind in kinds}
        if len(tests) == 1:
            return next(iter(tests.values()))
        return lambda value: value is None or tests.get(value.__class__, _never)(value)

    def _of_kind(self, kind: Any) -> Test:
        base, inside = class_of(kind), get_args(kind)
        if is_struct(kind):
            return self._of_struct(kind)
        is_open = base in (dict, list) and all(arg in _ANYTHING for arg in inside[-1:])
        if is_open or base in _SCALARS:
            return lambda value: value.__class__ is base
        if base in (dict, list) and inside and all(arg in _SCALARS for arg in inside):
            return _of_scalars(base, *inside)
        if base is list and has_struct(inside[0]):
            fits = self.of(inside[0])
            return lambda value: value.__class__ is list and all(map(fits, value))
        return _never

    def _of_struct(self, kind: Any) -> Test:
        if kind in self._of_structs:
            return self._of_structs[kind]
        base = class_of(kind)
        inner: list[tuple[Callable[[Any], Any], Test]] = []

        def fits(value: Any) -> bool:
            if value.__class__ is not base:
                return value is None
            # Most structs hold no other, and a generator over nothing is dearer than the question.
            return not inner or all(test(get(value)) for get, test in inner)

        whole = _is_whole(kind) if is_dataclass(base) and base.__dictoffset__ else None
        self._of_structs[kind] = fits if whole is None else lambda v: fits(v) and whole(v)
        deep = [field for field in fields(kind) if has_struct(field.type)]
        inner.extend((attrgetter(field.attribute), self.of(field.type)) for field in deep)
        return self._of_structs[kind]


def _is_whole(kind: Any) -> Test:
    """A dataclass that msgspec read lacks what was left out; it writes what is there."""
    names = {field.attribute for field in fields(kind)}

    def is_whole(value: Any) -> bool:
        return value is None or all(name in value.__dict__ for name in names)

    return is_whole


def _of_scalars(base: Any, *inside: Any) -> Test:
    """Whether a list or dictionary holds scalars of the declared types alone."""
    if base is list:
        kinds = {inside[0]}
        return lambda value: value.__class__ is list and {*map(type, value)} <= kinds
    keys, values = {inside[0]}, {inside[1]}

    def fits(value: Any) -> bool:
        is_dict = value.__class__ is dict
        return is_dict and {*map(type, value)} <= keys and {*map(type, value.values())} <= values

    return fits


def _never(_: Any) -> bool:
    return False


def _shaper(annotation: Any) -> Callable[[Any], Any]:
    """Return what converts to the declared type, which drops what that does not have."""
    kinds = [kind for kind, _ in parts(annotation)]
    structs = {class_of(kind): fields(kind) for kind in kinds if is_struct(kind)}
    refuse_private = private_guard(annotation)
    has_mapping = any(hasattr(kind, "__required_keys__") for kind in kinds)

    def opened(value: Any) -> Any:
        """Structs are opened, because a converter trusts the insides of an instance."""
        declared = structs.get(value.__class__)
        if declared is not None:
            return {field.name: opened(getattr(value, field.attribute)) for field in declared}
        if value.__class__ is dict:
            return {key: opened(item) for key, item in value.items()}
        if value.__class__ in (list, tuple, set) or hasattr(value, "__next__"):
            return [opened(item) for item in value]
        return value

    def shape(value: Any) -> Any:
        try:
            value = opened(value)
            refuse_private(value)
            if has_mapping:
                value = msgspec.to_builtins(value, enc_hook=simpler)
            return msgspec.convert(value, annotation, from_attributes=True)
        except msgspec.ValidationError as error:
            raise TypeError(f"{_misfit(value, annotation)}: {error}") from error

    return shape


def _misfit(value: Any, annotation: Any) -> str:
    declared = getattr(annotation, "__name__", annotation)
    return f"{type(value).__qualname__} was returned, which does not fit the declared {declared}"


def _encoder(annotation: Any) -> Write:
    """Return an encoder that knows no more types than the annotation."""
    kinds = [kind for kind, _ in parts(annotation)]
    if any(kind in _ANYTHING or (is_mapped(kind) and is_dataclass(kind)) for kind in kinds):
        return write_anything
    mapped = tuple(kind for kind in kinds if is_mapped(kind))

    def hook(value: Any) -> Any:
        if isinstance(value, mapped):
            return columns_of(value)
        raise TypeError(f"{type(value).__qualname__} is not in the declared type")

    return msgspec.json.Encoder(enc_hook=hook).encode
