"""Formats that msgspec leaves out: it reads times without an offset too, and so names no format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

Json = dict[str, Any]


def add_formats(types: Iterable[Any], schemas: Iterable[Json], find: Callable[[str], Json]) -> None:
    """Add the format of dates with times wherever a type has them (RFC 3339).

    Args:
        types: annotations.
        schemas: the schema of each; they are changed.
        find: returns the component of a reference.
    """
    seen: set[str] = set()
    for annotation, schema in zip(types, schemas, strict=True):
        _add(msgspec.inspect.type_info(annotation), schema, find, seen)


def _add(info: Any, schema: Json, find: Callable[[str], Json], seen: set[str]) -> None:
    if isinstance(info, msgspec.inspect.Metadata):
        _add(info.type, schema, find, seen)
    elif isinstance(info, msgspec.inspect.DateTimeType) and schema.get("type") == "string":
        schema.setdefault("format", "date-time")
    elif isinstance(info, msgspec.inspect.UnionType):
        _add_to_union(info, schema, find, seen)
    elif "$ref" in schema:
        if schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            _add_to_fields(info, find(schema["$ref"]), find, seen)
    else:
        for name, inside in (("items", "item_type"), ("additionalProperties", "value_type")):
            if isinstance(schema.get(name), dict) and hasattr(info, inside):
                _add(getattr(info, inside), schema[name], find, seen)


def _add_to_fields(info: Any, schema: Json, find: Callable[[str], Json], seen: set[str]) -> None:
    for field in getattr(info, "fields", ()):
        _add(field.type, schema["properties"][field.encode_name], find, seen)


def _add_to_union(info: Any, schema: Json, find: Callable[[str], Json], seen: set[str]) -> None:
    choices = list(_flat(schema.get("anyOf", [])))
    for member, choice in zip(sorted(info.types, key=_rank), choices, strict=False):
        _add(member, choice, find, seen)


def _rank(info: Any) -> int:
    """The order of a union's schema: structs behind the others, null last."""
    kinds = (msgspec.inspect.StructType, msgspec.inspect.NoneType)
    return next((rank for rank, kind in enumerate(kinds, 1) if isinstance(info, kind)), 0)


def _flat(choices: Iterable[Json]) -> Iterator[Json]:
    for choice in choices:
        yield from choice.get("anyOf", (choice,))
