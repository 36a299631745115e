"""The columns of a model by name, and which of them are private."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute, MappedColumn, Mapper, mapped_column

from zenith_server.errors import suggestion


class UnknownColumn(AttributeError):
    """A model has no column or relationship of this name; the message lists those it has."""


def private(*arguments: Any, **options: Any) -> MappedColumn[Any]:
    """Return a column that stays here: in no response, no `repr`, no log.

    Args:
        arguments: as for SQLAlchemy's `mapped_column`.
        options: as for SQLAlchemy's `mapped_column`.

    Example:
        class User(Model):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)
            password_hash: Mapped[str] = private()
    """
    info = {**options.pop("info", {}), "private": True}
    return mapped_column(*arguments, info=info, **options)


def mapper_of(model: type[Any]) -> Mapper[Any]:
    """Return how a class is mapped."""
    return inspect(model)


def names(model: type[Any]) -> tuple[str, ...]:
    """Return the names of a model's columns, as attributes."""
    return tuple(attribute.key for attribute in mapper_of(model).column_attrs)


def shown(row: Any) -> dict[str, Any]:
    """Return the loaded columns of an object, without private ones."""
    return {
        attribute.key: row.__dict__[attribute.key]
        for attribute in mapper_of(cast("type[Any]", type(row))).column_attrs
        if attribute.key in row.__dict__ and not attribute.columns[0].info.get("private")
    }


def column(model: type[Any], name: str) -> InstrumentedAttribute[Any]:
    """Return a column as an attribute of its model.

    Raises:
        UnknownColumn: there is none of this name.
    """
    refuse_unknown(model, (name,), names(model))
    return getattr(model, name)


def relation(model: type[Any], name: str) -> InstrumentedAttribute[Any]:
    """Return a relationship as an attribute of its model.

    Raises:
        UnknownColumn: there is none of this name.
    """
    refuse_unknown(model, (name,), mapper_of(model).relationships.keys(), "relationship")
    return getattr(model, name)


def refuse_unknown(
    model: type[Any], given: Iterable[str], known: Iterable[str], kind: str = "column"
) -> None:
    """Raise if a name is none of those known.

    Raises:
        UnknownColumn: says which name, what was meant, and what there is.
    """
    there = tuple(known)
    for name in given:
        if name not in there:
            listed = ", ".join(there) or "none"
            raise UnknownColumn(
                f'{model.__name__} has no {kind} "{name}".{suggestion(name, there)} '
                f"There is: {listed}"
            )
