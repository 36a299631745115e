"""Keyset pagination: the place in an order, as text that a client keeps between requests."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, UnaryExpression, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from zenith_server.database import columns
from zenith_server.problems import BadRequest


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order.

    Args:
        attribute: the column.
        descending: whether the largest value comes first.
    """

    attribute: InstrumentedAttribute[Any]
    descending: bool

    @property
    def expression(self) -> UnaryExpression[Any]:
        """The key as a part of ORDER BY."""
        return self.attribute.desc() if self.descending else self.attribute.asc()


def key(model: type[Any], name: str) -> Key:
    """Return the key that a name such as `-created_at` means.

    Raises:
        UnknownColumn: it is no column of the model.
    """
    return Key(columns.column(model, name.removeprefix("-")), name.startswith("-"))


def complete(model: type[Any], order: tuple[Key, ...]) -> tuple[Key, ...]:
    """Return an order in which no two rows stand at the same place: the primary key ends it.

    Raises:
        ValueError: a column may be NULL, which is neither before nor behind anything.
    """
    for each in order:
        if each.attribute.property.columns[0].nullable:
            raise ValueError(
                f'{model.__name__} cannot be sliced by "{each.attribute.key}": it may be NULL'
            )
    there = {each.attribute.key for each in order}
    mapper = columns.mapper_of(model)
    last = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    descending = bool(order) and order[-1].descending
    rest = (Key(getattr(model, name), descending) for name in last if name not in there)
    return (*order, *rest)


def cursor(order: tuple[Key, ...], row: Any) -> str:
    """Return the place of an object in an order, as text for URLs."""
    values = [getattr(row, each.attribute.key) for each in order]
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def behind(order: tuple[Key, ...], place: str) -> ColumnElement[bool]:
    """Return the condition for rows behind a place.

    Raises:
        BadRequest: the text is no place in this order.
    """
    values = _values(order, place)
    steps: list[ColumnElement[bool]] = []
    for number, (each, value) in enumerate(zip(order, values, strict=True)):
        same = [k.attribute == v for k, v in zip(order[:number], values, strict=False)]
        further = each.attribute < value if each.descending else each.attribute > value
        steps.append(and_(*same, further))
    return or_(*steps)


def _values(order: tuple[Key, ...], place: str) -> list[Any]:
    kinds = tuple(each.attribute.type.python_type for each in order)
    try:
        text = base64.urlsafe_b64decode(place + "=" * (-len(place) % 4))
        return list(msgspec.json.decode(text, type=tuple[kinds]))
    except (ValueError, msgspec.MsgspecError):
        raise BadRequest("The cursor is none of this list") from None
