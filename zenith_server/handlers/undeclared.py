"""JSON of what no annotation declares: as it is, but for the private columns of models."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from zenith_server.handlers.rows import columns_of, without_rows
from zenith_server.handlers.schema import is_mapped, is_model


def write_anything(value: Any) -> bytes:
    """Return a value as JSON; of mapped objects, the loaded columns that are not private.

    Raises:
        TypeError: nothing writes a value of this class.

    Example:
        >>> write_anything({"a": [1]})
        b'{"a":[1]}'
    """
    # Only mapped classes are written other than msgspec would: not all of their columns.
    return _encode(without_rows(value) if "sqlalchemy.orm" in sys.modules else value)


def simpler(value: Any) -> Any:
    """Return what msgspec cannot write itself as something simpler: models, mapped objects, rows.

    Raises:
        TypeError: it is none of these.
    """
    if is_mapped(value.__class__):
        return columns_of(value)
    if is_model(value.__class__):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(value, "_mapping"):
        return dict(value._mapping)
    raise TypeError(
        f"{type(value).__qualname__} cannot be written as JSON; "
        "return a struct, a model, a mapping or a list, or declare the return type"
    )


_encode = msgspec.json.Encoder(enc_hook=simpler).encode
