"""JSON bodies become values, or a list of everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from zenith_server import pydantic_types
from zenith_server.input_faults import (
    Refused,
    fault_of,
    faults_in,
    infinite_faults,
    nul_faults,
    unknown_fields,
)
from zenith_server.problems import BadRequest, InputFault
from zenith_server.schema import (
    needs_pydantic,
    parts,
)

NUL = b"\\u0000"
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

    def read(data: bytes) -> Any:
        if NUL in data:
            _refuse(nul_faults(parsed(data)))
        try:
            return decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _malformed(error) from None

    return read


def _decoder(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    decode = msgspec.json.Decoder(annotation).decode
    unknown = unknown_fields(annotation) if refuse_unknown else None
    has_decimals = any(kind is Decimal for kind, _ in parts(annotation))

    def read(data: bytes) -> Any:
        try:
            value = decode(data)
        except msgspec.ValidationError as error:
            raise Refused(*_every_fault(data, annotation, error, unknown)) from None
        if unknown is not None:
            _refuse(unknown(msgspec.json.decode(data)))
        if has_decimals and _INFINITE.search(data):
            _refuse(infinite_faults(msgspec.to_builtins(value, builtin_types=(Decimal,))))
        return value

    return read


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


def _malformed(error: Exception) -> BadRequest:
    if isinstance(error, RecursionError):
        return BadRequest("The body is nested too deeply")
    reason = str(error).removeprefix("JSON is malformed: ")
    return BadRequest(f"The body is not valid JSON: {reason}")
