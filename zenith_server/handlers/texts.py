"""The texts of a request become values: path, query, headers, cookies and forms."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from zenith_server.handlers import pydantic_types
from zenith_server.handlers.input_faults import Refused, faults_in, item_type
from zenith_server.handlers.schema import (
    fields,
    is_many,
    is_optional,
    is_struct,
    members,
    needs_pydantic,
    plain,
)
from zenith_server.problems import InputFault

Read = Callable[[Any], Any]
_MANY_DIGITS = 19
_TRUE = ("on", "yes", "y", "t", "true", "1")
_SPELLINGS: dict[str, str] = {
    **dict.fromkeys(_TRUE, "true"),
    **dict.fromkeys(("off", "no", "n", "f", "false", "0"), "false"),
}


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
    prepared: Read = read if prepare is None else lambda value: read(prepare(value))
    return _digits_first(prepared) if annotation is int else prepared


def _converter(annotation: Any) -> Read:
    kind, metadata = plain(annotation)
    constraints = [item for item in metadata if isinstance(item, msgspec.Meta)]
    if not constraints:
        annotation = kind
    if annotation is str:
        return as_text
    msgspec.json.Decoder(annotation)  # raises for what it cannot read, while the server starts
    convert = msgspec.convert

    def read(value: Any) -> Any:
        try:
            return convert(value, annotation, strict=False)
        except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
            faults = faults_in(value, annotation, error, strict=False)
            raise Refused(*map(_of_text, faults)) from None

    return read


def as_text(value: Any) -> str:
    """Return text as it is; a form can bring a file in its place.

    Raises:
        Refused: it is no text.
    """
    if value.__class__ is not str:
        raise Refused(InputFault((), f"Expected `str`, got `{type(value).__name__}`"))
    return value


def _digits_first(read: Read) -> Read:
    """Take the short way for what is plainly a number; what else is one, `read` decides."""

    def read_int(value: Any) -> Any:
        if value.__class__ is str and value.isdecimal() and value.isascii() and value[0] != "0":
            return int(value) if len(value) < _MANY_DIGITS else read(value)
        return read(value)

    return read_int


def _of_text(fault: InputFault) -> InputFault:
    """Everything outside a JSON body is text, so that it is says nothing."""
    return InputFault(fault.location, fault.message.removesuffix(", got `str`"))


def _preparation(annotation: Any) -> Read | None:
    """Return what is done to text before it is converted; nothing for most types."""
    prepare = _spelling_of(annotation)
    kinds = members(annotation)
    if not is_optional(annotation) or str in kinds or bytes in kinds:
        return prepare
    present = _on_text(_no_null)
    return present if prepare is None else lambda value: prepare(present(value))


def _no_null(value: str) -> str:
    """A value that may be left out is nothing then, and not where its text is `null`."""
    return "" if value.lower() == "null" else value


def _spelling_of(annotation: Any) -> Read | None:
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
        return _on_text(_spelling)
    if kinds == (int,):
        return _on_text(_whole)
    return _on_text(_finite) if float in kinds or Decimal in kinds else None


def _on_text(prepare: Callable[[str], str]) -> Read:
    """A form can bring a file where text is meant; converting it says so."""
    return lambda value: prepare(value) if value.__class__ is str else value


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


def _whole(value: str) -> str:
    """Leave only digits: msgspec takes `1e3` and `1.0` for integers too, and rounds long ones."""
    return value if value.isdigit() or value[1:].isdigit() else ""


def _finite(value: str) -> str:
    if value.lstrip("+-").lower().startswith(("nan", "snan", "inf")):
        raise Refused(InputFault((), "Expected a finite number"))
    return value
