"""Questions about types: is it a struct, what are its fields, whose validation does it need."""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

_MANY = (list, tuple, set, frozenset, Sequence, AbstractSet)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct-like type, under the name that it has on the wire."""

    name: str
    type: Any
    required: bool


def plain(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without `Annotated` (and without the name that a `type` statement gave), and
    what stood beside it.

    Example:
        >>> plain(Annotated[int, "metres"])
        (<class 'int'>, ('metres',))
    """
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            inner, *beside = get_args(annotation)
            annotation, metadata = inner, (*beside, *metadata)
        elif hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        else:
            return annotation, metadata


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union without `None`, or the type alone.

    Example:
        >>> members(int | None)
        (<class 'int'>,)
    """
    inner, _ = plain(annotation)
    if get_origin(inner) in {Union, types.UnionType}:
        found = [member for arg in get_args(inner) for member in members(arg)]
        return tuple(member for member in found if member is not type(None))
    return (inner,)


def is_optional(annotation: Any) -> bool:
    """Whether `None` is a value of the type."""
    inner, _ = plain(annotation)
    if get_origin(inner) in {Union, types.UnionType}:
        return any(is_optional(arg) for arg in get_args(inner))
    return inner is None or inner is type(None)


def is_struct(kind: Any) -> bool:
    """Whether a type has named fields: Struct, pydantic model, dataclass or TypedDict."""
    base = get_origin(kind) or kind
    if not isinstance(base, type):
        return False
    return (
        issubclass(base, msgspec.Struct)
        or is_model(base)
        or (dataclasses.is_dataclass(base) and not hasattr(base, "__mapper__"))
        or typing.is_typeddict(base)
        or hasattr(base, "__typeddict_total__")
    )


def is_model(kind: Any) -> bool:
    """Whether a type is a pydantic model or one of its dataclasses; imports pydantic for nobody."""
    base = get_origin(kind) or kind
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(base, type):
        return False
    return issubclass(base, pydantic.BaseModel) or hasattr(base, "__pydantic_validator__")


def is_many(kind: Any) -> bool:
    """Whether a type holds several values: a list, tuple or set."""
    return (get_origin(kind) or kind) in _MANY


def is_body(annotation: Any) -> bool:
    """Whether a type can only come from a body: a struct, a mapping, or many of them."""
    return any(_is_body(member) for member in members(annotation))


def _is_body(kind: Any) -> bool:
    if is_many(kind):
        return any(is_body(arg) for arg in get_args(kind) if arg is not Ellipsis)
    return is_struct(kind) or (get_origin(kind) or kind) in {dict, Mapping, typing.Any}


def is_text(annotation: Any) -> bool:
    """Whether one string, or many of them, can stand for a value of the type."""
    return all(_is_text(member) for member in members(annotation))


def _is_text(kind: Any) -> bool:
    if is_many(kind):
        return all(is_text(arg) for arg in get_args(kind) if arg is not Ellipsis)
    if get_origin(kind) is Literal or isinstance(kind, typing.TypeVar):
        return True
    if not isinstance(kind, type) or is_struct(kind):
        return False
    return issubclass(kind, enum.Enum) or _is_builtin(kind) or _has_pydantic_schema(kind)


def _is_builtin(kind: type[Any]) -> bool:
    named = {
        "builtins": {"str", "int", "float", "bool", "bytes"},
        "datetime": {"datetime", "date", "time", "timedelta"},
        "uuid": {"UUID"},
        "decimal": {"Decimal"},
    }
    return kind.__name__ in named.get(kind.__module__, ())


def _has_pydantic_schema(kind: type[Any]) -> bool:
    return hasattr(kind, "__get_pydantic_core_schema__")


def needs_pydantic(annotation: Any) -> bool:
    """Whether reading the type is pydantic's business: a model or one of its constraints in it."""
    return _any(annotation, _is_pydantics)


def _is_pydantics(kind: Any, metadata: tuple[Any, ...]) -> bool:
    own = isinstance(kind, type) and (is_model(kind) or _has_pydantic_schema(kind))
    return own or any(type(item).__module__.startswith(_FOREIGN) for item in metadata)


_FOREIGN = ("pydantic", "annotated_types")


def _any(annotation: Any, holds: Any, seen: frozenset[Any] = frozenset()) -> bool:
    kind, metadata = plain(annotation)
    if holds(kind, metadata):
        return True
    if is_struct(kind):
        if kind in seen:
            return False
        return any(_any(field.type, holds, seen | {kind}) for field in fields(kind))
    return any(_any(arg, holds, seen) for arg in get_args(kind) if get_origin(kind) is not Literal)


def fields(kind: Any) -> tuple[Field, ...]:
    """Return the fields of a struct-like type.

    Example:
        >>> class Point(msgspec.Struct): x: int; y: int = 0
        >>> [field.name for field in fields(Point) if field.required]
        ['x']
    """
    base = get_origin(kind) or kind
    if issubclass(base, msgspec.Struct):
        found = msgspec.structs.fields(kind)
        return tuple(Field(field.encode_name, field.type, field.required) for field in found)
    if is_model(base) and hasattr(base, "model_fields"):
        return tuple(_model_fields(base))
    hints = typing.get_type_hints(base, include_extras=True)
    if dataclasses.is_dataclass(base):
        return tuple(_dataclass_fields(base, hints))
    required = base.__required_keys__
    return tuple(Field(name, _unwrapped(hint), name in required) for name, hint in hints.items())


def _model_fields(model: Any) -> Iterator[Field]:
    for name, field in model.model_fields.items():
        alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
        yield Field(alias or name, field.annotation, field.is_required())


def _dataclass_fields(kind: Any, hints: dict[str, Any]) -> Iterator[Field]:
    for field in dataclasses.fields(kind):
        default = field.default is dataclasses.MISSING
        required = default and field.default_factory is dataclasses.MISSING
        if field.init:
            yield Field(field.name, hints[field.name], required)


def _unwrapped(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in {typing.Required, typing.NotRequired} else hint
