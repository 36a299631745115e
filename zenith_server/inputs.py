"""How one value of a client is read from its part of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from zenith_server.problems import InputFault
from zenith_server.request import header, require_json
from zenith_server.schema import fields, is_many, is_optional, is_struct, members, plain
from zenith_server.serialise import Refused, json_reader, text_reader
from zenith_server.signature import MISSING, Input


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one input; `faults` tells what was wrong when it raised `Refused`."""

    location: tuple[str, ...]
    read: Callable[[Any], Any]

    def faults(self, source: Any) -> Iterator[InputFault]:
        """Yield what is wrong with this input in a part of the request."""
        try:
            self.read(source)
        except Refused as error:
            for fault in error.faults:
                yield InputFault((*self.location, *fault.location), fault.message)


def reader(parameter: Input, *, refuse_unknown: bool) -> Reader:
    """Return the reader of an input.

    Example:
        >>> reader(Input("page", "query", "page", int, 1), refuse_unknown=True).read({"page": "2"})
        2
    """
    key, default = parameter.key, _default(parameter)
    location = (parameter.source, key)
    if parameter.source == "body":
        return Reader(("body",), _body(parameter.type, default, refuse_unknown=refuse_unknown))
    if parameter.source == "path":
        return Reader(location, text_reader(parameter.type))
    if parameter.source == "header":
        return Reader(location, _header(key.lower().encode(), parameter.type, default))
    if any(is_struct(kind) for kind in members(parameter.type)):
        return Reader((parameter.source,), _whole(parameter.type))
    return Reader(location, _named(key, parameter.type, default))


def _default(parameter: Input) -> Any:
    if parameter.default is MISSING and is_optional(parameter.type):
        return None
    return parameter.default


def _required() -> Refused:
    return Refused(InputFault((), "This value is required"))


def _named(key: str, annotation: Any, default: Any) -> Callable[[Any], Any]:
    convert = _converter(annotation)
    if any(is_many(kind) for kind in members(annotation)):
        return _several(key, convert, default)

    def read(values: Any) -> Any:
        if key in values:
            return convert(values[key])
        if default is MISSING:
            raise _required()
        return default

    return read


def _several(key: str, convert: Callable[[Any], Any], default: Any) -> Callable[[Any], Any]:
    def read(values: Any) -> Any:
        if key in values:
            value = values[key]
            return convert(value if value.__class__ is list else [value])
        if default is MISSING:
            raise _required()
        return default

    return read


def _converter(annotation: Any) -> Callable[[Any], Any]:
    """Uploads are handed on as they are; everything else is text."""
    kinds = {f"{k.__module__}.{k.__qualname__}" for k in _inner(annotation) if isinstance(k, type)}
    if "starlette.datastructures.UploadFile" in kinds:
        return _upload
    return text_reader(annotation)


def _inner(annotation: Any) -> list[Any]:
    return [plain(arg)[0] for kind in members(annotation) for arg in (*_args(kind), kind)]


def _args(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", ()) if is_many(kind) else ()


def _upload(value: Any) -> Any:
    for item in value if isinstance(value, list) else [value]:
        if not hasattr(item, "filename"):
            raise Refused(InputFault((), "Expected a file, got text"))
    return value


def _whole(annotation: Any) -> Callable[[Any], Any]:
    """All values of a query string or form as one struct."""
    kind = next(kind for kind in members(annotation) if is_struct(kind))
    convert = text_reader(annotation)
    many = {field.name for field in fields(kind) if any(map(is_many, members(field.type)))}

    def read(values: Any) -> Any:
        lists = {k: [v] if k in many and v.__class__ is not list else v for k, v in values.items()}
        return convert(lists)

    return read


def _header(key: bytes, annotation: Any, default: Any) -> Callable[[Any], Any]:
    convert = text_reader(annotation)
    is_list = any(is_many(kind) for kind in members(annotation))

    def read(scope: Any) -> Any:
        if is_list:
            value: Any = [v.decode("latin-1") for k, v in scope["headers"] if k == key] or None
        else:
            raw = header(scope, key)
            value = None if raw is None else raw.decode("latin-1")
        if value is not None:
            return convert(value)
        if default is MISSING:
            raise _required()
        return default

    return read


def _body(annotation: Any, default: Any, *, refuse_unknown: bool) -> Callable[[Any], Any]:
    kind, _ = plain(annotation)
    if kind is bytes:
        return lambda source: source[1]
    decode = json_reader(annotation, refuse_unknown=refuse_unknown)

    def read(source: Any) -> Any:
        scope, data = source
        if not data:
            if default is MISSING:
                raise Refused(InputFault((), "The body is missing"))
            return default
        require_json(scope)
        return decode(data)

    return read
