"""Mapped objects on their way out: their columns, and never a private one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from zenith_server.handlers.schema import fields, is_mapped, is_model, is_struct, parts

SCALARS = frozenset({str, int, float, bool, bytes, type(None), dt.datetime, dt.date, dt.time})
_MANY = frozenset({list, tuple, set, frozenset})


class PrivateColumn(TypeError):
    """A response declares a field that is a private column of the model behind it."""


def columns_of(row: Any) -> dict[str, Any]:
    """Return the loaded columns of a mapped object, without the ones marked private."""
    loaded = row.__dict__
    return {
        attribute.key: loaded[attribute.key]
        for attribute in row.__class__.__mapper__.column_attrs
        if attribute.key in loaded and not attribute.columns[0].info.get("private")
    }


def without_rows(value: Any) -> Any:
    """Return a value with the columns of mapped objects in their place, at any depth.

    msgspec asks about most of them, but writes one that is a dataclass with all it has.
    """
    kind = value.__class__
    if kind in SCALARS:
        return value
    if kind is dict:
        # Most dicts hold nothing but scalars, which C finds out five times as fast.
        if SCALARS.issuperset(map(type, value.values())):
            return value
        return _changed(value, {key: without_rows(inner) for key, inner in value.items()})
    if kind in _MANY:
        inner = [without_rows(item) for item in value]
        return inner if any(a is not b for a, b in zip(inner, value, strict=True)) else value
    if is_mapped(kind):
        return columns_of(value)
    if is_struct(kind) and not is_model(kind):
        before = _attributes(value)
        after = _changed(before, {name: without_rows(inner) for name, inner in before.items()})
        return value if after is before else after
    return value


def private_guard(annotation: Any) -> Callable[[Any], None]:
    """Return what refuses mapped objects of which the type would show a private column.

    Args:
        annotation: the declared type of a response.
    """
    structs = [kind for kind, _ in parts(annotation) if is_struct(kind)]
    declared = frozenset(field.attribute for kind in structs for field in fields(kind))
    seen: set[type[Any]] = set()

    def check(value: Any) -> None:
        kind = value.__class__
        if kind in SCALARS or kind in seen:
            return
        if is_mapped(kind):
            _refuse(kind.__mapper__, declared, set())
            seen.add(kind)
        elif kind is dict or kind in _MANY:
            for inner in value.values() if kind is dict else value:
                check(inner)

    return check


def _refuse(mapper: Any, declared: frozenset[str], above: set[Any]) -> None:
    for attribute in mapper.column_attrs:
        if attribute.key in declared and attribute.columns[0].info.get("private"):
            name = f"{mapper.class_.__name__}.{attribute.key}"
            raise PrivateColumn(f"{name} is private, and the declared response has a field for it")
    for relation in mapper.relationships:
        if relation.key in declared and relation.mapper not in above:
            _refuse(relation.mapper, declared, above | {mapper})


def _attributes(value: Any) -> dict[str, Any]:
    """The fields of a struct as they are written; a model of pydantic writes itself."""
    tag = getattr(getattr(value, "__struct_config__", None), "tag_field", None)
    tagged = {tag: value.__struct_config__.tag} if tag else {}
    own = {field.name: getattr(value, field.attribute) for field in fields(value.__class__)}
    return {**tagged, **own}


def _changed(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, Any]:
    return after if any(after[key] is not value for key, value in before.items()) else before
