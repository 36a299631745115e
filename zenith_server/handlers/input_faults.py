"""Everything that is wrong in a value that a client sent, where a decoder stops at the first."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, cast, get_args

import msgspec

from zenith_server.errors import suggestion
from zenith_server.handlers.schema import (
    Field,
    fields,
    has_struct,
    is_many,
    is_mapping,
    is_struct,
    members,
)
from zenith_server.problems import InputFault

Path = tuple[str | int, ...]
Check = Callable[[Any, Path], Iterator[InputFault]]
MOST = 100
"""A client learns enough from so many faults; to list more of them would only cost the server."""

_PLACE = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_AT = re.compile(r" - at (?:`(?:key|value)` in )?`\$?(.*)`$", re.DOTALL)


class Refused(Exception):
    """A value does not fit; carries what to tell the client, each with its place in the value."""

    def __init__(self, *faults: InputFault) -> None:
        super().__init__(*faults)
        self.faults = faults


def faults_in(value: Any, annotation: Any, error: Exception, *, strict: bool) -> list[InputFault]:
    """Return every fault of a value, or what the decoder said where none is found again.

    Args:
        value: what the client sent, as plain data.
        annotation: the type that it does not fit.
        error: what the decoder said.
        strict: whether text is no number.

    Example:
        >>> faults_in(["1", 2], list[int], error, strict=True)
        [InputFault(location=(0,), message='Expected `int`, got `str`')]
    """
    try:
        found = list(islice(_faults(value, annotation, (), strict), MOST))
    except RecursionError:
        found = []
    return found or [fault_of(error)]


def fault_of(error: Exception) -> InputFault:
    """Return what a decoder of msgspec said, its place apart from its message.

    Example:
        >>> fault_of(ValueError("Expected `int`, got `str` - at `$.tags[0]`"))
        InputFault(location=('tags', 0), message='Expected `int`, got `str`')
    """
    text = str(error)
    place = _AT.search(text)
    inside = _PLACE.findall(place[1]) if place else []
    location = tuple(name or int(index) for name, index in inside)
    return InputFault(location, (text[: place.start()] if place else text).strip())


def refusal(value: Any, annotation: Any, *, strict: bool) -> Exception | None:
    """Return why a value does not fit a type, or nothing if it does."""
    try:
        msgspec.convert(value, annotation, strict=strict, str_keys=True)
    except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
        return error
    return None


def _faults(value: Any, annotation: Any, path: Path, strict: bool) -> Iterator[InputFault]:
    error = refusal(value, annotation, strict=strict)
    if error is None:
        return
    found = False
    for fault in _faults_below(value, annotation, path, strict):
        found = True
        yield fault
    if not found:
        fault = fault_of(error)
        yield InputFault((*path, *fault.location), fault.message)


def _faults_below(value: Any, annotation: Any, path: Path, strict: bool) -> Iterator[InputFault]:
    if isinstance(value, dict):
        given = cast("dict[str, Any]", value)
        for field in _fields_for(given, annotation):
            if field.name in given:
                yield from _faults(given[field.name], field.type, (*path, field.name), strict)
            elif field.required:
                yield InputFault((*path, field.name), "This field is required")
    elif isinstance(value, list):
        inner = item_type(annotation)
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _faults(item, inner, (*path, index), strict)


def _fields_for(given: Mapping[str, Any], annotation: Any) -> tuple[Field, ...]:
    """The fields that an object should have: those of its struct, or all keys of a mapping."""
    kinds = members(annotation)
    structs = [kind for kind in kinds if _is_object(kind)]
    if structs:
        chosen = structs[0] if len(structs) == 1 else _tagged(structs, given)
        return fields(chosen) if chosen is not None else ()
    mapping = next((get_args(kind) for kind in kinds if is_mapping(kind)), ())
    return (
        tuple(Field(name, mapping[1], required=True, attribute=name) for name in given)
        if mapping
        else ()
    )


def _tagged(structs: list[Any], given: Mapping[str, Any]) -> Any:
    tags = {(config(kind).tag_field, config(kind).tag): kind for kind in structs}
    return next((tags[pair] for pair in tags if given.get(pair[0]) == pair[1]), None)


def item_type(annotation: Any) -> Any:
    """Return the type of a list's items; of a tuple with several types, any."""
    inner = [get_args(kind) for kind in members(annotation) if is_many(kind)]
    types = [arg for arg in inner[0] if arg is not Ellipsis] if inner else []
    return types[0] if len(types) == 1 else Any


def config(kind: Any) -> Any:
    """Return the configuration of a Struct, and msgspec's defaults for everything else."""
    return getattr(kind, "__struct_config__", msgspec.Struct.__struct_config__)


def _is_object(kind: Any) -> bool:
    return is_struct(kind) and not config(kind).array_like


# --- fields that a type does not have ---


def unknown_fields(annotation: Any) -> Callable[[Any], list[InputFault]] | None:
    """Return what lists the fields that a type does not have; nothing for a type without structs.

    Example:
        >>> class Point(msgspec.Struct): x: int
        >>> [fault.location for fault in unknown_fields(Point)({"x": 1, "y": 2})]
        [('y',)]
    """
    check = _Checks().of(annotation)
    if check is None:
        return None
    return lambda value: list(islice(check(value, ()), MOST))


def flat_names(annotation: Any) -> frozenset[str]:
    """The names of a struct that holds no other, or none."""
    kind = members(annotation)[0]
    is_flat = len(members(annotation)) == 1 and _is_object(kind)
    if not is_flat or any(has_struct(field.type) for field in fields(kind)):
        return frozenset()
    return _names(kind)


class _Checks:
    """Makes one check for each struct, so that a struct may hold itself."""

    def __init__(self) -> None:
        self._of_structs: dict[Any, Check] = {}

    def of(self, annotation: Any) -> Check | None:
        if not has_struct(annotation):
            return None
        kinds = members(annotation)
        structs = [kind for kind in kinds if _is_object(kind)]
        if len(structs) > 1:
            return self._of_tagged(structs)
        if structs:
            return self._of_struct(structs[0])
        inner = self.of(item_type(annotation))
        values = next((self.of(get_args(kind)[1]) for kind in kinds if is_mapping(kind)), None)
        return _of_items(inner, values)

    def _of_struct(self, kind: Any) -> Check:
        if kind in self._of_structs:
            return self._of_structs[kind]
        names = _names(kind)
        inner: dict[str, Check] = {}

        def check(value: Any, path: Path) -> Iterator[InputFault]:
            if value.__class__ is not dict:
                return
            if not value.keys() <= names:
                yield from _strangers(value, names, path)
            for name, below in inner.items():
                if name in value:
                    yield from below(value[name], (*path, name))

        self._of_structs[kind] = check
        for field in fields(kind):
            below = self.of(field.type)
            if below is not None:
                inner[field.name] = below
        return check

    def _of_tagged(self, structs: list[Any]) -> Check:
        tag_field = config(structs[0]).tag_field
        checks = {config(kind).tag: self._of_struct(kind) for kind in structs}

        def check(value: Any, path: Path) -> Iterator[InputFault]:
            tag = value.get(tag_field) if value.__class__ is dict else None
            if isinstance(tag, str | int) and tag in checks:
                yield from checks[tag](value, path)

        return check


def _of_items(inner: Check | None, values: Check | None) -> Check:
    def check(value: Any, path: Path) -> Iterator[InputFault]:
        if values is not None and value.__class__ is dict:
            for key, item in value.items():
                yield from values(item, (*path, key))
        if inner is not None and value.__class__ is list:
            for index, item in enumerate(value):
                yield from inner(item, (*path, index))

    return check


def _strangers(value: Any, names: frozenset[str], path: Path) -> Iterator[InputFault]:
    for name in value:
        if name not in names:
            hint = suggestion(name, names) if len(name) < 100 else ""
            yield InputFault((*path, name), f"There is no field of this name.{hint}")


def _names(kind: Any) -> frozenset[str]:
    tag: str | None = config(kind).tag_field
    names = [field.name for field in fields(kind)]
    return frozenset([*names, tag] if tag else names)


# --- what no decoder refuses ---


def nul_faults(value: Any) -> list[InputFault]:
    """Return a fault for each text in plain data that holds a NUL, which no database takes."""
    found = (path for path, leaf in _leaves(value, ()) if isinstance(leaf, str) and "\0" in leaf)
    return [InputFault(path, "A text holds no NUL character") for path in islice(found, MOST)]


def infinite_faults(value: Any) -> list[InputFault]:
    """Return a fault for each number in plain data that is not finite."""
    found = (path for path, leaf in _leaves(value, ()) if is_infinite(leaf))
    return [InputFault(path, "Expected a finite number") for path in islice(found, MOST)]


def is_infinite(value: Any) -> bool:
    """Whether a value is a number without a size: not a number, or endless."""
    if isinstance(value, Decimal):
        return not value.is_finite()
    return isinstance(value, float) and not math.isfinite(value)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield (*path, key), key
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
