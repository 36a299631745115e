"""What came in becomes values: JSON bodies, and the text of everything else."""

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
    item_type,
    nul_faults,
    unknown_fields,
)
from zenith_server.problems import BadRequest, InputFault
from zenith_server.schema import (
    fields,
    is_many,
    is_struct,
    members,
    needs_pydantic,
    parts,
    plain,
)

Read = Callable[[Any], Any]
NUL = b"\\u0000"
_INFINITE = re.compile(rb'"[+-]?(s?nan|inf)', re.IGNORECASE)
_TRUTH = {"on": "true", "yes": "true", "y": "true", "t": "true", "true": "true", "1": "true"}
_FALSEHOOD = dict.fromkeys(("off", "no", "n", "f", "false", "0"), "false")
_SPELLINGS = _TRUTH | _FALSEHOOD


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


def text_reader(annotation: Any) -> Read:
    """Return what turns a string of the request (or a list or mapping of them) into a value.

    Raises:
        TypeError: nothing reads the type.

    Example:
        >>> text_reader(int)("7")
        7
    """
    uses_pydantic = needs_pydantic(annotation)
    read = pydantic_types.text_reader(annotation) if uses_pydantic else _converter(annotation)
    prepare = _preparation(annotation)
    return read if prepare is None else lambda value: read(prepare(value))


def _converter(annotation: Any) -> Read:
    kind, metadata = plain(annotation)
    constraints = [item for item in metadata if isinstance(item, msgspec.Meta)]
    if not constraints:
        annotation = kind
    if annotation is str:
        return lambda value: value
    msgspec.json.Decoder(annotation)  # raises for what it cannot read, while the server starts
    convert = msgspec.convert

    def read(value: Any) -> Any:
        try:
            return convert(value, annotation, strict=False)
        except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
            faults = faults_in(value, annotation, error, strict=False)
            raise Refused(*map(_of_text, faults)) from None

    return read


def _of_text(fault: InputFault) -> InputFault:
    """Everything outside a JSON body is text, so that it is says nothing."""
    return InputFault(fault.location, fault.message.removesuffix(", got `str`"))


def _preparation(annotation: Any) -> Read | None:
    """Return what is done to text before it is converted; nothing for most types."""
    kinds = members(annotation)
    many = next((kind for kind in kinds if is_many(kind)), None)
    if many is not None:
        return _prepared_list(_preparation(item_type(annotation)))
    struct = next((kind for kind in kinds if is_struct(kind)), None)
    if struct is not None:
        return _prepared_fields(struct)
    if str in kinds:
        return None
    if bool in kinds:
        return _spelling
    return _finite if float in kinds or Decimal in kinds else None


def _prepared_list(prepare: Read | None) -> Read:
    def prepared(value: Any) -> Any:
        items: list[Any] = value if value.__class__ is list else [value]
        return items if prepare is None else [prepare(item) for item in items]

    return prepared


def _prepared_fields(struct: Any) -> Read:
    kinds = {field.name: field.type for field in fields(struct)}
    preparations = {name: _preparation(kind) for name, kind in kinds.items()}
    single = {name for name, kind in kinds.items() if not any(map(is_many, members(kind)))}

    def prepared(values: Any) -> Any:
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name in single:
                one(value, name)
            prepare = preparations.get(name)
            found[name] = value if prepare is None else prepare(value)
        return found

    return prepared


def one(value: Any, *location: str) -> None:
    """Refuse a value that was sent more than once.

    Raises:
        Refused: it is a list.
    """
    if value.__class__ is list:
        raise Refused(InputFault(location, "Expected one value, got several"))


def _spelling(value: str) -> str:
    """A checkbox of a form says `on`."""
    return _SPELLINGS.get(value.lower(), value)


def _finite(value: str) -> str:
    if value.lstrip("+-").lower().startswith(("nan", "snan", "inf")):
        raise Refused(InputFault((), "Expected a finite number"))
    return value
