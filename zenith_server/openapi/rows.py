"""Mapped classes as structs: the columns that a response writes."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from zenith_server.schema import plain


def has_rows(annotation: Any) -> bool:
    """Whether a type is a class mapped by SQLAlchemy, or holds one."""
    kind, _ = plain(annotation)
    return hasattr(kind, "__mapper__") or any(map(has_rows, get_args(kind)))


def with_structs(annotation: Any) -> Any:
    """Return a type with a struct in place of each mapped class."""
    kind, metadata = plain(annotation)
    if metadata:
        return Annotated[with_structs(kind), *metadata]
    if hasattr(kind, "__mapper__"):
        return struct_of(kind)
    arguments = tuple(map(with_structs, get_args(kind)))
    origin: Any = get_origin(kind)
    if not arguments or origin is None:
        return kind
    if origin in {Union, UnionType}:
        return cast("Any", Union[*arguments])
    return origin[arguments]


def struct_of(row: Any) -> type[msgspec.Struct]:
    """Return a struct with the columns of a mapped class, those marked private apart.

    A deferred column is optional, because it is only written where it was loaded.
    """
    fields: list[Any] = []
    for attribute in row.__mapper__.column_attrs:
        column = attribute.columns[0]
        if not column.info.get("private"):
            kind = _type(column) | None if column.nullable else _type(column)
            annotated = Annotated[kind, msgspec.Meta(description=column.doc)]
            typed = annotated if column.doc else kind
            key = attribute.key
            fields.append((key, typed, msgspec.UNSET) if attribute.deferred else (key, typed))
    struct = msgspec.defstruct(row.__name__, fields, module=row.__module__, kw_only=True)
    struct.__doc__ = row.__doc__
    return struct


def _type(column: Any) -> Any:
    try:
        return column.type.python_type
    except NotImplementedError:  # a type of the project's own that does not say
        return Any
