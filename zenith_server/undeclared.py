"""JSON of what no annotation declares: as it is, but for the private columns of models."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from zenith_server.schema import is_mapped, is_model


def write_anything(value: Any) -> bytes:
    """Return a value as JSON; of mapped objects, the loaded columns that are not private.

    Raises:
        TypeError: nothing writes a value of this class.

    Example:
        >>> write_anything({"a": [1]})
        b'{"a":[1]}'
    """
    # Only mapped classes are written other than msgspec would: not all of their columns.
    return _encode(_without_rows(value) if "sqlalchemy.orm" in sys.modules else value)


def _without_rows(value: Any) -> Any:
    kind = value.__class__
    if kind is dict:
        return {key: _without_rows(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_without_rows(item) for item in value]
    return columns(value) if is_mapped(kind) else value


def simpler(value: Any) -> Any:
    """Return what msgspec cannot write itself as something simpler: models, mapped objects, rows.

    Raises:
        TypeError: it is none of these.
    """
    if is_model(value.__class__):
        return value.model_dump(mode="json", by_alias=True)
    if is_mapped(value.__class__):
        return columns(value)
    if hasattr(value, "_mapping"):
        return dict(value._mapping)
    raise TypeError(
        f"{type(value).__qualname__} cannot be written as JSON; "
        "return a struct, a model, a mapping or a list, or declare the return type"
    )


_encode = msgspec.json.Encoder(enc_hook=simpler).encode


def columns(row: Any) -> dict[str, Any]:
    """Return the loaded columns of a mapped object, without those marked `{"private": True}`."""
    loaded = row.__dict__
    return {
        attribute.key: loaded[attribute.key]
        for attribute in row.__class__.__mapper__.column_attrs
        if attribute.key in loaded and not attribute.columns[0].info.get("private")
    }
