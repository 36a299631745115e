"""Mapped classes as structs: the columns that a response writes."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from zenith_server.handlers.schema import plain


class Rows:
    """Puts structs in the place of mapped classes, one for each class."""

    def __init__(self) -> None:
        self._structs: dict[Any, type[msgspec.Struct]] = {}

    def replaced(self, annotation: Any) -> Any:
        """Return a type with a struct in place of each mapped class; any other as it is."""
        if not has_rows(annotation):
            return annotation
        kind, _ = plain(annotation)
        if hasattr(kind, "__mapper__"):
            return self._structs.setdefault(kind, struct_of(kind))
        arguments = tuple(map(self.replaced, get_args(kind)))
        origin: Any = get_origin(kind)
        if origin in {Union, UnionType}:
            return cast("Any", Union[*arguments])
        return origin[arguments]


def has_rows(annotation: Any) -> bool:
    """Whether a type is a class mapped by SQLAlchemy, or holds one."""
    kind, _ = plain(annotation)
    return hasattr(kind, "__mapper__") or any(map(has_rows, get_args(kind)))


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
    """What its values are; a type of the project's own need not say."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return Any
    return Any if kind is object else kind
