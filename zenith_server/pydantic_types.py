"""The types that pydantic reads and writes; it is imported for those only who use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from zenith_server.input_faults import MOST, Refused
from zenith_server.problems import InputFault
from zenith_server.rows import private_guard
from zenith_server.schema import parts, plain

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_LENIENT = re.compile(rb"NaN|Infinity|[eE]\+?\d{3}")
"""What pydantic takes for numbers and RFC 8259 does not, or what no number is large enough for."""


def json_reader(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    """Return what turns a JSON body into a value of the type."""
    import pydantic

    adapter = _adapter(annotation)
    extra: Any = "forbid" if refuse_unknown and not says_extra(annotation) else None

    def read(data: bytes) -> Any:
        if _LENIENT.search(data):
            msgspec.json.decode(data)
        try:
            return adapter.validate_json(data, extra=extra)
        except pydantic.ValidationError as error:
            raise _refused(error) from None

    return read


def text_reader(annotation: Any) -> Callable[[Any], Any]:
    """Return what turns text, or a list or mapping of texts, into a value of the type."""
    import pydantic

    adapter = _adapter(annotation)

    def read(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            raise _refused(error) from None

    return read


def json_writer(annotation: Any) -> Callable[[Any], bytes]:
    """Return what writes a value as JSON with what the type declares."""
    adapter = _adapter(annotation)
    kind, _ = plain(annotation)
    refuse_private = private_guard(annotation)

    def write(value: Any) -> bytes:
        if value.__class__ is not kind:
            refuse_private(value)
            value = adapter.validate_python(
                value, from_attributes=True, by_name=True, by_alias=True
            )
        return adapter.dump_json(value, by_alias=True, warnings="error")

    return write


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    import pydantic
    from pydantic.errors import PydanticUserError

    try:
        return pydantic.TypeAdapter[Any](annotation)
    except PydanticUserError as error:
        raise TypeError(str(error)) from error


def _refused(error: ValidationError) -> Exception:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return msgspec.DecodeError(found[0]["msg"].removeprefix("Invalid JSON: "))
    return Refused(*(InputFault(tuple(item["loc"]), item["msg"]) for item in found[:MOST]))


def says_extra(annotation: Any) -> bool:
    """Return whether a model in the type says itself what becomes of unknown fields."""
    kinds = [kind for kind, _ in parts(annotation)]
    return any("extra" in getattr(kind, "model_config", {}) for kind in kinds)
