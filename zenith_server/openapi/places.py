"""A type and its schema side by side: which part of the one is which part of the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

Json = dict[str, Any]
Find = Callable[[str], Json]
Place = tuple[Any, Json]


def places(annotation: Any, schema: Json, find: Find) -> Iterator[Place]:
    """Yield each part of a type, as `msgspec.inspect` has it, with its schema.

    Args:
        annotation: the type.
        schema: what msgspec wrote for it.
        find: returns the component of a reference; each is gone through once.
    """
    waiting: list[Place] = [(msgspec.inspect.type_info(annotation), schema)]
    seen: set[str] = set()
    while waiting:
        info, part = waiting.pop()
        while isinstance(info, msgspec.inspect.Metadata):
            info = info.type
        yield info, part
        if "$ref" not in part:
            waiting += _below(info, part)
        elif part["$ref"] not in seen:
            seen.add(part["$ref"])
            waiting += _fields(info, find(part["$ref"]))


def complete(annotation: Any, schema: Json, find: Find) -> None:
    """Add what the reading of a type asks for and msgspec leaves out of its schema.

    Args:
        annotation: the type.
        schema: what msgspec wrote for it.
        find: returns the component of a reference.
    """
    for info, part in places(annotation, schema, find):
        whole = find(part["$ref"]) if "$ref" in part else part
        for name, value in _left_out(info).items():
            whole.setdefault(name, value)
        if isinstance(info, msgspec.inspect.TimeDeltaType):
            whole.pop("format", None)  # it knows neither fractions nor signs (RFC 3339, A)
        if isinstance(info, msgspec.inspect.DataclassType):
            _mark_made(info.cls, whole.get("properties", {}))


# Digits are [0-9]: what \d stands for is not the same in every language.
_DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?"
_OFFSET = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_HOURS = r"T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?"
_DURATION = rf"^[+-]?P(?!$)([0-9]+(\.[0-9]+)?D)?({_HOURS})?$"
_SAID: Mapping[tuple[type[Any], bool | None], Json] = {
    # Without an offset it is read too, unless one is asked for.
    (msgspec.inspect.DateTimeType, None): {"format": "date-time"},
    (msgspec.inspect.DateTimeType, True): {"format": "date-time"},
    (msgspec.inspect.DateTimeType, False): {"pattern": f"^{_DAY}T{_CLOCK}$"},
    (msgspec.inspect.TimeType, None): {"pattern": f"^{_CLOCK}{_OFFSET}?$"},
    (msgspec.inspect.TimeType, False): {"pattern": f"^{_CLOCK}$"},
    (msgspec.inspect.TimeDeltaType, None): {"pattern": _DURATION},
    (msgspec.inspect.DecimalType, None): {"pattern": _DECIMAL},
}
_WHOLE = {"propertyNames": {"pattern": "^-?(0|[1-9][0-9]*)$"}}
_JSON_TYPES = {str: "string", int: "integer"}


def _left_out(info: Any) -> Json:
    if isinstance(info, msgspec.inspect.EnumType):
        return _type_of(member.value for member in info.cls)
    if isinstance(info, msgspec.inspect.LiteralType):
        return _type_of(info.values)
    if isinstance(info, msgspec.inspect.DictType):
        return _WHOLE if isinstance(info.key_type, msgspec.inspect.IntType) else {}
    kind: type[Any] = info.__class__
    return _SAID.get((kind, getattr(info, "tz", None)), {})


def _type_of(values: Iterable[Any]) -> Json:
    """What JSON calls all of them."""
    kinds = set(map(type, values))
    name = _JSON_TYPES.get(kinds.pop()) if len(kinds) == 1 else None
    return {"type": name} if name else {}


def _mark_made(kind: Any, properties: Json) -> None:
    """The fields of a dataclass that it makes itself; nobody may send them."""
    for field in dataclasses.fields(kind):
        if not field.init and field.name in properties:
            properties[field.name]["readOnly"] = True


def _fields(info: Any, schema: Json) -> Iterator[Place]:
    properties = schema.get("properties", {})
    for field in getattr(info, "fields", ()):
        if field.encode_name in properties:
            yield field.type, properties[field.encode_name]


def _below(info: Any, schema: Json) -> Iterator[Place]:
    if isinstance(info, msgspec.inspect.UnionType):
        choices = list(_flat(schema.get("anyOf", [])))
        yield from zip(sorted(info.types, key=_rank), choices, strict=False)
    for name, inside in (("items", "item_type"), ("additionalProperties", "value_type")):
        if isinstance(schema.get(name), dict) and hasattr(info, inside):
            yield getattr(info, inside), schema[name]


def _rank(info: Any) -> int:
    """The order of a union's schema: structs behind the others, null last."""
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    kinds = (msgspec.inspect.StructType, msgspec.inspect.NoneType)
    return next((rank for rank, kind in enumerate(kinds, 1) if isinstance(info, kind)), 0)


def _flat(choices: Iterable[Json]) -> Iterator[Json]:
    for choice in choices:
        yield from choice.get("anyOf", (choice,))
