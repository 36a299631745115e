"""JSON bodies become values, or a list of everything that is wrong with them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from zenith_server.handlers import pydantic_types
from zenith_server.handlers.input_faults import (
    Refused,
    fault_of,
    faults_in,
    flat_names,
    infinite_faults,
    nul_faults,
    unknown_fields,
)
from zenith_server.handlers.later import FirstUse
from zenith_server.handlers.schema import fields, is_struct, needs_pydantic, parts
from zenith_server.problems import BadRequest, InputFault

# A body without a backslash escapes nothing; as a number, which bytes find faster than bytes.
NUL, (BACKSLASH,) = b"\\u0000", b"\\"
MOST_DEPTH = 200
"""So many lists and objects inside of one another can be written again, and walked through."""
_INFINITE = re.compile(rb'"[+-]?(s?nan|inf)', re.IGNORECASE)


def json_reader(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    """Return what turns a JSON body into a value of the type.

    Args:
        annotation: any type that msgspec or pydantic reads.
        refuse_unknown: whether a field that the type does not have is a fault.

    Raises:
        TypeError: nothing reads the type.

    Example:
        >>> json_reader(list[int], refuse_unknown=True)(b"[1, 2]")
        [1, 2]
    """
    if needs_pydantic(annotation):
        decode = pydantic_types.json_reader(annotation, refuse_unknown=refuse_unknown)
    else:
        decode = _decoder(annotation, refuse_unknown=refuse_unknown)

    may_nest = functools.cache(lambda: _may_nest(annotation))

    def read(data: bytes) -> Any:
        if BACKSLASH in data and NUL in data:
            _refuse(nul_faults(parsed(data)))
        if len(data) > 2 * MOST_DEPTH and _has_many_parts(data) and may_nest():
            _refuse_depth(parsed(data))
        try:
            return decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _malformed(error) from None

    return read


def _decoder(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    decode = msgspec.json.Decoder(annotation).decode  # raises for what it cannot read
    return FirstUse(lambda: _reader(annotation, decode, refuse_unknown=refuse_unknown))


def _reader(
    annotation: Any, decode: Callable[[bytes], Any], *, refuse_unknown: bool
) -> Callable[[bytes], Any]:
    unknown = unknown_fields(annotation) if refuse_unknown else None
    knows_all = _names_only(annotation)
    has_decimals = any(kind is Decimal for kind, _ in parts(annotation))

    def read(data: bytes) -> Any:
        try:
            value = decode(data)
        except msgspec.ValidationError as error:
            raise Refused(*_every_fault(data, annotation, error, unknown)) from None
        if unknown is not None and not knows_all(data):
            _refuse(unknown(msgspec.json.decode(data)))
        if has_decimals and _INFINITE.search(data):
            _refuse(infinite_faults(msgspec.to_builtins(value, builtin_types=(Decimal,))))
        return value

    return read


def _names_only(annotation: Any) -> Callable[[bytes], bool]:
    """Return what tells quickly that an object has no field that its flat struct does not have."""
    names = flat_names(annotation)
    if not names:
        return lambda _: False
    # A struct of the same names, whose values are only skipped.
    own = {f"field{number}": name for number, name in enumerate(names)}
    shadow = msgspec.defstruct(
        "Shadow",
        [(field, msgspec.Raw, None) for field in own],
        rename=own,
        forbid_unknown_fields=True,
        gc=False,
    )
    decode = msgspec.json.Decoder(shadow).decode

    def knows_all(data: bytes) -> bool:
        try:
            decode(data)
        except msgspec.ValidationError:
            return False
        return True

    return knows_all


def _every_fault(
    data: bytes,
    annotation: Any,
    error: Exception,
    unknown: Callable[[Any], list[InputFault]] | None,
) -> list[InputFault]:
    try:
        value = msgspec.json.decode(data)
    except msgspec.ValidationError:  # a number that no plain value holds
        return [fault_of(error)]
    found = unknown(value) if unknown is not None else []
    return [*faults_in(value, annotation, error, strict=True), *found]


def _refuse(faults: list[InputFault]) -> None:
    if faults:
        raise Refused(*faults)


def parsed(data: bytes) -> Any:
    """Return JSON as plain data.

    Raises:
        BadRequest: it is malformed, or nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _malformed(error) from None


def _may_nest(annotation: Any) -> bool:
    """Whether values of a type may be as deep as they like: it has anything in it, or itself."""
    kinds = [kind for kind, _ in parts(annotation)]
    return any(kind in _OPEN or (is_struct(kind) and _holds_itself(kind)) for kind in kinds)


_OPEN = (Any, object, dict, list)


def _holds_itself(struct: Any) -> bool:
    return any(kind is struct for field in fields(struct) for kind, _ in parts(field.type))


def _has_many_parts(data: bytes) -> bool:
    return data.count(b"[") + data.count(b"{") > MOST_DEPTH


def _refuse_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise BadRequest("The body is nested too deeply")


def _inside(value: Any) -> Iterable[Any]:
    if value.__class__ is dict:
        return value.values()
    return value if value.__class__ is list else ()


def _malformed(error: Exception) -> BadRequest:
    if isinstance(error, RecursionError):
        return BadRequest("The body is nested too deeply")
    reason = str(error).removeprefix("JSON is malformed: ")
    return BadRequest(f"The body is not valid JSON: {reason}")
