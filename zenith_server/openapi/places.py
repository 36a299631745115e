"""A type and its schema side by side: which part of the one is which part of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


def add_formats(annotation: Any, schema: Json, find: Find) -> None:
    """Add the format of dates with times (RFC 3339), which msgspec leaves out.

    It reads times without an offset too, so it names the format only where an offset is asked for.
    """
    for info, part in places(annotation, schema, find):
        if isinstance(info, msgspec.inspect.DateTimeType) and part.get("type") == "string":
            part.setdefault("format", "date-time")


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
