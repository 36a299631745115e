"""The types that pydantic reads and writes; it is imported for those only who use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from zenith_server.handlers.input_faults import MOST, Refused
from zenith_server.handlers.rows import SCALARS, private_guard
from zenith_server.handlers.schema import is_model, parts, plain
from zenith_server.problems import InputFault

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_N, _I, _E = b"NIE"
_EXPONENT = re.compile(rb"e\+?\d{3}")
_RARE = re.compile(rb"NaN|Infinity|E\+?\d{3}")


def json_reader(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    """Return what turns a JSON body into a value of the type."""
    import pydantic

    # The core's own function, which the adapter's only calls.
    validate = _adapter(annotation).validator.validate_json
    extra: Any = "forbid" if refuse_unknown and not says_extra(annotation) else None

    def read(data: bytes) -> Any:
        if _is_lenient(data):
            msgspec.json.decode(data)
        try:
            return validate(data, extra=extra)
        except pydantic.ValidationError as error:
            raise _refused(error) from None

    return read


def _is_lenient(data: bytes) -> bool:
    """Whether there may be what pydantic takes for a number and RFC 8259 or no number does.

    In two patterns: one that begins with a letter is searched for five times as fast.
    """
    if _EXPONENT.search(data):
        return True
    return (_N in data or _I in data or _E in data) and _RARE.search(data) is not None


def text_reader(annotation: Any) -> Callable[[Any], Any]:
    """Return what turns text, or a list or mapping of texts, into a value of the type."""
    import pydantic

    validate = _adapter(annotation).validator.validate_python

    def read(value: Any) -> Any:
        try:
            return validate(value)
        except pydantic.ValidationError as error:
            raise _refused(error) from None

    return read


def json_writer(annotation: Any) -> Callable[[Any], bytes]:
    """Return what writes a value as JSON with what the type declares."""
    adapter = _adapter(annotation)
    kind, _ = plain(annotation)
    refuse_private = private_guard(annotation)

    dump = adapter.serializer.to_json
    is_one = is_model(kind)

    def write(value: Any) -> bytes:
        if value.__class__ is kind and is_one and _is_flat(value):
            # Nothing that could show more than is declared, and asking pydantic doubles the price.
            return dump(value, by_alias=True, warnings=False)
        if value.__class__ is not kind:
            refuse_private(value)
            value = adapter.validate_python(
                value, from_attributes=True, by_name=True, by_alias=True
            )
        return dump(value, by_alias=True, warnings="error")

    return write


def _is_flat(model: Any) -> bool:
    """Whether a model holds scalars only, and lists of them."""
    values: Any = model.__dict__.values()
    for value in values:
        kind = value.__class__
        if kind not in SCALARS and not (kind is list and SCALARS.issuperset(map(type, value))):
            return False
    return True


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
