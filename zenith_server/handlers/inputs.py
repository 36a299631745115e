"""How one value of a client is read from its part of the request."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, cast

from msgspec import Struct

from zenith_server.handlers.deserialise import json_reader
from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.request import header, header_values, require_json
from zenith_server.handlers.schema import (
    class_of,
    is_many,
    is_optional,
    is_struct,
    is_upload,
    members,
    plain,
)
from zenith_server.handlers.signature import MISSING, Input
from zenith_server.handlers.texts import as_text, one, text_reader
from zenith_server.problems import InputFault

Read = Callable[[Any], Any]
_CONSTANTS = (str, int, bool, type(None))


class Reader(Struct, frozen=True):
    """Reads one input; `faults` tells what was wrong when it raised `Refused`.

    Args:
        location: where a fault is.
        read: takes the part of the request, or of the path the value.
        form: what is plain enough to be read in the handler's function: text as it is, or digits.
        default: the constant that stands in for what was left out, if it is one.
    """

    location: tuple[str, ...]
    read: Read
    form: Literal["", "text", "digits"] = ""
    default: Any = MISSING

    def faults(self, source: Any) -> Iterator[InputFault]:
        """Yield what is wrong with this input in a part of the request."""
        try:
            self.read(source)
        except Refused as error:
            for fault in error.faults:
                yield InputFault((*self.location, *fault.location), fault.message)


def reader(parameter: Input, *, refuse_unknown: bool) -> Reader:
    """Return the reader of an input.

    Raises:
        TypeError: nothing reads its type.

    Example:
        >>> reader(Input("page", "query", "page", int, 1), refuse_unknown=True).read({"page": "2"})
        2
    """
    key, annotation = parameter.key, parameter.type
    location = (parameter.source, key)
    absent = _absent(parameter)
    if parameter.source == "body":
        return Reader(("body",), _body(annotation, absent, refuse_unknown=refuse_unknown))
    _refuse_mappings(parameter)
    convert = _uploads(annotation) if is_upload(annotation) else text_reader(annotation)
    form = "text" if convert is as_text else "digits" if annotation is int else ""
    if parameter.source == "path":
        return Reader(location, convert, form)
    if parameter.source == "header":
        return Reader(location, _header(key.lower().encode(), annotation, convert, absent))
    if any(is_struct(kind) for kind in members(annotation)):
        return Reader((parameter.source,), convert)
    constant = _constant(parameter)
    return Reader(location, _named(key, annotation, convert, absent), form, constant)


def _refuse_mappings(parameter: Input) -> None:
    for kind in members(parameter.type):
        base = class_of(kind)
        if base is not None and issubclass(base, Mapping) and not is_struct(kind):
            raise TypeError(
                f"A {parameter.source} value is text, and a {base.__name__} is many of them: "
                "name its fields in a msgspec Struct, or read them from Request."
            )


def _absent(parameter: Input) -> Callable[[], Any]:
    """Return what gives the value of an input that the client left out."""
    default = parameter.default
    if default is MISSING:
        return _nothing if is_optional(parameter.type) else _required
    if isinstance(default, list | dict | set):
        # A handler may change what it is given; the next request starts afresh.
        return partial(copy.copy, cast("Any", default))
    return lambda: default


def _constant(parameter: Input) -> Any:
    if parameter.default is MISSING:
        return None if is_optional(parameter.type) else MISSING
    # Not what is more than that, as members of an Enum are: the default is written into the code.
    return parameter.default if parameter.default.__class__ in _CONSTANTS else MISSING


def _nothing() -> None:
    return None


def _required() -> Any:
    raise Refused(InputFault((), "This value is required"))


def _named(key: str, annotation: Any, convert: Read, absent: Callable[[], Any]) -> Read:
    is_single = not any(map(is_many, members(annotation)))

    def read(values: Any) -> Any:
        value = values.get(key)
        if value is None:
            return absent()
        if value.__class__ is list and is_single:
            one(value)
        return convert(value)

    def read_text(values: Any) -> Any:
        value = values.get(key)
        return value if value.__class__ is str else read(values)

    return read_text if convert is as_text else read


def _uploads(annotation: Any) -> Read:
    are_many = any(map(is_many, members(annotation)))

    def read(value: Any) -> Any:
        items: list[Any] = value if value.__class__ is list else [value]
        if not all(hasattr(item, "filename") for item in items):
            raise Refused(InputFault((), "Expected a file, got text"))
        return items if are_many else value

    return read


def _header(key: bytes, annotation: Any, convert: Read, absent: Callable[[], Any]) -> Read:
    is_single = not any(map(is_many, members(annotation)))

    def read(scope: Any) -> Any:
        if is_single:
            value = header(scope, key)
            return absent() if value is None else convert(value.decode("latin-1"))
        # Several lines are one with commas (RFC 9110, 5.3); proxies make them so.
        lines = header_values(scope, key)
        values = [text for line in lines for each in line.split(",") if (text := each.strip())]
        return convert(values) if values else absent()

    return read


def _body(annotation: Any, absent: Callable[[], Any], *, refuse_unknown: bool) -> Read:
    kind, _ = plain(annotation)
    if kind is bytes:
        return lambda source: source[1]
    decode = json_reader(annotation, refuse_unknown=refuse_unknown)

    def read(source: Any) -> Any:
        scope, data = source
        if not data:
            return absent()
        require_json(scope)
        return decode(data)

    return read
