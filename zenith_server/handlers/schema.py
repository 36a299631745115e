"""Questions about types: is it a struct, what are its fields, whose validation does it need."""

from __future__ import annotations

import dataclasses
import enum
import functools
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from msgspec import Struct

_MANY = (list, tuple, set, frozenset, Sequence, AbstractSet)
_MAPPINGS = (dict, Mapping)
_PYDANTIC = ("pydantic", "annotated_types")
SCALARS = (str, int, float, bool)
"""What most values are; nothing is inside of them, and a text can stand for each."""
_TEXT = {
    "builtins": {"str", "int", "float", "bool", "bytes"},
    "datetime": {"datetime", "date", "time", "timedelta"},
    "uuid": {"UUID"},
    "decimal": {"Decimal"},
}


class Field(Struct, frozen=True):
    """One field of a struct-like type.

    Args:
        name: what it is called on the wire.
        type: its annotation.
        required: whether it must be there.
        attribute: what it is called in Python.
    """

    name: str
    type: Any
    required: bool
    attribute: str


def plain(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without what surrounds it, and what stood beside it in `Annotated`.

    A `type` statement and a `NewType` are replaced by what they stand for.

    Example:
        >>> plain(Annotated[int, "metres"])
        (<class 'int'>, ('metres',))
    """
    if isinstance(annotation, type):
        return annotation, ()
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
    if _is_union(inner):
        found = [member for arg in get_args(inner) for member in members(arg)]
        return tuple(member for member in found if member is not type(None))
    return (inner,)


def is_optional(annotation: Any) -> bool:
    """Whether `None` is a value of the type."""
    inner, _ = plain(annotation)
    if _is_union(inner):
        return any(is_optional(arg) for arg in get_args(inner))
    return inner is None or inner is type(None)


def _is_union(kind: Any) -> bool:
    return not isinstance(kind, type) and get_origin(kind) in {Union, types.UnionType}


Parts = tuple[tuple[Any, tuple[Any, ...]], ...]


def parts(annotation: Any, *, into_fields: bool = True) -> Parts:
    """Return every type inside a type, each with what stood beside it in `Annotated`.

    Args:
        annotation: any type; one that holds itself is fine.
        into_fields: whether the fields of structs count as inside.

    Example:
        >>> [kind for kind, _ in parts(list[int])]
        [list[int], <class 'int'>]
    """
    try:
        return _parts_again(annotation, into_fields)
    except TypeError:
        # What stands in `Annotated` need not be hashable.
        return _parts(annotation, into_fields)


def _parts(annotation: Any, into_fields: bool) -> Parts:
    seen: list[Any] = []
    found: list[tuple[Any, tuple[Any, ...]]] = []
    waiting = [annotation]
    while waiting:
        kind, metadata = plain(waiting.pop())
        found.append((kind, metadata))
        if kind not in SCALARS and kind not in seen:
            seen.append(kind)
            waiting.extend(_inside(kind, into_fields=into_fields))
    return tuple(found)


# A handler's types are asked about several times in a row, and then never again.
_parts_again = functools.lru_cache(maxsize=64)(_parts)


def _inside(kind: Any, *, into_fields: bool) -> Iterator[Any]:
    if get_origin(kind) is not Literal:
        yield from (arg for arg in get_args(kind) if arg not in (Ellipsis, type(None)))
    if into_fields and is_struct(kind):
        yield from (field.type for field in fields(kind))


def is_struct(kind: Any) -> bool:
    """Whether a type has named fields: Struct, pydantic model, dataclass or TypedDict."""
    base = class_of(kind)
    return base is not None and _has_fields(base)


# A project's types are asked about many times while its handlers are compiled.
@functools.lru_cache(maxsize=512)
def _has_fields(base: type[Any]) -> bool:
    return (
        issubclass(base, msgspec.Struct)
        or is_model(base)
        or (dataclasses.is_dataclass(base) and not is_mapped(base))
        or hasattr(base, "__required_keys__")
    )


def is_model(kind: Any) -> bool:
    """Whether a type is a pydantic model or one of its dataclasses; imports pydantic for nobody."""
    base, pydantic = class_of(kind), sys.modules.get("pydantic")
    if pydantic is None or base is None:
        return False
    return issubclass(base, pydantic.BaseModel) or "__pydantic_validator__" in vars(base)


def is_mapped(kind: Any) -> bool:
    """Whether a type is a mapped class of SQLAlchemy; imports SQLAlchemy for nobody."""
    return hasattr(class_of(kind), "__mapper__")


def class_of(kind: Any) -> type[Any] | None:
    """Return the class that a type is, or is a form of; nothing for the forms of typing.

    Example:
        >>> class_of(list[int])
        <class 'list'>
    """
    if isinstance(kind, type):
        return cast("type[Any]", kind)
    base = get_origin(kind)
    return cast("type[Any]", base) if isinstance(base, type) else None


def is_many(kind: Any) -> bool:
    """Whether a type holds several values: a list, tuple or set."""
    return (get_origin(kind) or kind) in _MANY


def is_mapping(kind: Any) -> bool:
    """Whether a type has values under keys that it does not name."""
    return (get_origin(kind) or kind) in _MAPPINGS


def has_struct(annotation: Any) -> bool:
    """Whether a struct is anywhere in a type."""
    return any(is_struct(kind) for kind, _ in parts(annotation))


def is_body(annotation: Any) -> bool:
    """Whether a type can only come from a body: a struct, a mapping, or many of them."""
    inside = [kind for kind, _ in parts(annotation, into_fields=False)]
    return any(is_struct(kind) or is_mapping(kind) or kind is Any for kind in inside)


def is_upload(annotation: Any) -> bool:
    """Whether a type is a file of a form, or many of them; imports Starlette for nobody."""
    inside = [class_of(kind) for kind, _ in parts(annotation, into_fields=False)]
    names = [f"{kind.__module__}.{kind.__name__}" for kind in inside if kind is not None]
    return "starlette.datastructures.UploadFile" in names


def is_text(annotation: Any) -> bool:
    """Whether one string, or many of them, can stand for a value of the type."""
    if annotation in SCALARS:
        return True
    inside = [kind for kind, _ in parts(annotation, into_fields=False)]
    return all(_is_union(kind) or is_many(kind) or _is_text(kind) for kind in inside)


def _is_text(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return True
    base = class_of(kind)
    if base is None or is_struct(base):
        return False
    is_builtin = base.__name__ in _TEXT.get(base.__module__, ())
    return issubclass(base, enum.Enum) or is_builtin or _has_pydantic_schema(base)


def _has_pydantic_schema(kind: Any) -> bool:
    return hasattr(kind, "__get_pydantic_core_schema__")


def needs_pydantic(annotation: Any) -> bool:
    """Whether reading the type is pydantic's business: a model or one of its constraints in it."""
    return any(_is_pydantics(kind, metadata) for kind, metadata in parts(annotation))


def _is_pydantics(kind: Any, metadata: tuple[Any, ...]) -> bool:
    own = is_model(kind) or _has_pydantic_schema(kind)
    return own or any(type(item).__module__.partition(".")[0] in _PYDANTIC for item in metadata)


def fields(kind: Any) -> tuple[Field, ...]:
    """Return the fields of a struct-like type.

    Example:
        >>> class Point(msgspec.Struct): x: int; y: int = 0
        >>> [field.name for field in fields(Point) if field.required]
        ['x']
    """
    base = get_origin(kind) or kind
    if issubclass(base, msgspec.Struct):
        return _struct_fields(kind)
    if is_model(base) and hasattr(base, "model_fields"):
        return tuple(_model_fields(base))
    given = dict(zip(getattr(base, "__parameters__", ()), get_args(kind), strict=False))
    found = typing.get_type_hints(base, include_extras=True)
    hints = {name: _filled(hint, given) for name, hint in found.items()}
    if dataclasses.is_dataclass(base):
        return tuple(_dataclass_fields(base, hints))
    return tuple(_key(name, hint, name in base.__required_keys__) for name, hint in hints.items())


@functools.lru_cache(maxsize=128)
def _struct_fields(kind: Any) -> tuple[Field, ...]:
    of_struct = msgspec.structs.fields(kind)
    return tuple(Field(f.encode_name, f.type, f.required, f.name) for f in of_struct)


def _filled(hint: Any, given: dict[Any, Any]) -> Any:
    """A hint with the types that a generic was given in place of its variables."""
    if isinstance(hint, typing.TypeVar):
        return given.get(hint, hint)
    open_ones = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(each, each) for each in open_ones)] if open_ones else hint


def _model_fields(model: Any) -> Iterator[Field]:
    for name, field in model.model_fields.items():
        alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        yield Field(alias or name, kind, field.is_required(), name)


def _dataclass_fields(kind: Any, hints: dict[str, Any]) -> Iterator[Field]:
    for field in dataclasses.fields(kind):
        default = field.default is dataclasses.MISSING
        required = default and field.default_factory is dataclasses.MISSING
        if field.init:
            yield Field(field.name, hints[field.name], required, field.name)


def _key(name: str, hint: Any, required: bool) -> Field:
    """A key of a TypedDict, which does not see its own `NotRequired` in postponed annotations."""
    wrapper = get_origin(hint)
    if wrapper in {typing.Required, typing.NotRequired}:
        hint, required = get_args(hint)[0], wrapper is typing.Required
    return Field(name, hint, required, name)
