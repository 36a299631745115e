"""JSON in and out, with every fault of what came in and nothing undeclared in what goes out."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

import msgspec

from zenith_server.errors import suggestion
from zenith_server.problems import BadRequest, InputFault
from zenith_server.schema import (
    fields,
    is_many,
    is_model,
    is_optional,
    is_struct,
    members,
    needs_pydantic,
    plain,
)

Path = tuple[str | int, ...]
MISSING: Any = object()


class Refused(Exception):  # noqa: N818 - it never leaves the package
    """A value does not fit; carries what to tell the client, each with its place in the value."""

    def __init__(self, *faults: InputFault) -> None:
        super().__init__(*faults)
        self.faults = faults


def json_reader(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    """Return what turns a JSON body into a value of the type.

    Args:
        annotation: any type that msgspec or pydantic reads.
        refuse_unknown: whether a field that the type does not have is a fault.

    Example:
        >>> json_reader(list[int], refuse_unknown=True)(b"[1, 2]")
        [1, 2]
    """
    if needs_pydantic(annotation):
        return _pydantic_json(annotation, refuse_unknown=refuse_unknown)
    decode = msgspec.json.Decoder(annotation).decode
    unknown = _unknown_fields(annotation) if refuse_unknown else None

    def read(data: bytes) -> Any:
        try:
            value = decode(data)
        except msgspec.ValidationError as error:
            raise Refused(*_all_faults(annotation, _json(data), error)) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _malformed(error) from None
        if unknown is not None:
            faults = unknown(_json(data))
            if faults:
                raise Refused(*faults)
        return value

    return read


def text_reader(annotation: Any) -> Callable[[Any], Any]:
    """Return what turns a string of the request (or a list or mapping of them) into a value.

    Example:
        >>> text_reader(int)("7")
        7
    """
    if needs_pydantic(annotation):
        return _pydantic_text(annotation)
    kind, metadata = plain(annotation)
    if kind is str and not metadata:
        return _text

    def read(value: Any) -> Any:
        try:
            return msgspec.convert(value, annotation, strict=False)
        except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
            raise Refused(*_all_faults(annotation, value, error, strict=False)) from None

    return read


def json_writer(annotation: Any = MISSING) -> Callable[[Any], bytes]:
    """Return what writes a value as JSON, only with what its declared type has.

    Args:
        annotation: the declared type; without one, the value is written as it is.

    Example:
        >>> class Out(msgspec.Struct): name: str
        >>> json_writer(Out)({"name": "ada", "password": "hidden"})
        b'{"name":"ada"}'
    """
    if annotation is MISSING or annotation is typing.Any or isinstance(annotation, typing.TypeVar):
        return _write_anything
    if needs_pydantic(annotation):
        return _pydantic_writer(annotation)
    if not _has_struct(annotation):
        return _write_anything
    encode = msgspec.json.Encoder(enc_hook=_simpler).encode
    kind, _ = plain(annotation)
    is_exact = isinstance(kind, type) and _is_closed(kind)

    def write(value: Any) -> bytes:
        if is_exact and value.__class__ is kind:
            return encode(value)
        return encode(_filtered(value, annotation))

    return write


def _text(value: Any) -> str:
    if value.__class__ is not str:
        raise Refused(InputFault((), "Expected one value, got several"))
    return value


def _json(data: bytes) -> Any:
    return msgspec.json.decode(data)


def _malformed(error: Exception) -> BadRequest:
    if isinstance(error, RecursionError):
        return BadRequest("The body is nested too deeply")
    return BadRequest(f"The body is not valid JSON: {error}")


def _all_faults(
    annotation: Any, value: Any, error: Exception, *, strict: bool = True
) -> list[InputFault]:
    """Every fault, where the decoder stops at the first; its own word where none is found again."""
    try:
        found = list(_faults(annotation, value, (), strict))
    except RecursionError:
        found = []
    return found or [_single(error)]


def _faults(annotation: Any, value: Any, path: Path, strict: bool) -> Iterator[InputFault]:
    if value is None and is_optional(annotation):
        return
    choices = members(annotation)
    kind = choices[0]
    if len(choices) == 1 and is_struct(kind):
        yield from _struct_faults(kind, value, path, strict)
    elif len(choices) == 1 and is_many(kind) and isinstance(value, list) and get_args(kind):
        for index, item in enumerate(typing.cast("list[Any]", value)):
            yield from _faults(get_args(kind)[0], item, (*path, index), strict)
    else:
        try:
            msgspec.convert(value, annotation, strict=strict)
        except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
            fault = _single(error)
            yield InputFault((*path, *fault.location), fault.message)


def _struct_faults(kind: Any, value: Any, path: Path, strict: bool) -> Iterator[InputFault]:
    if not isinstance(value, dict):
        yield InputFault(path, f"Expected an object, got {_json_name(value)}")
        return
    given = typing.cast("dict[str, Any]", value)
    for field in fields(kind):
        if field.name in given:
            yield from _faults(field.type, given[field.name], (*path, field.name), strict)
        elif field.required:
            yield InputFault((*path, field.name), "This field is required")
    yield from _unknown(kind, given, path)


def _unknown(kind: Any, given: dict[str, Any], path: Path) -> Iterator[InputFault]:
    names = _names(kind)
    for name in given:
        if name not in names:
            hint = suggestion(name, names)
            yield InputFault((*path, name), f"There is no field of this name.{hint}")


def _names(kind: Any) -> frozenset[str]:
    config = getattr(kind, "__struct_config__", None)
    tag = config.tag_field if config is not None and config.tag_field else None
    return frozenset(field.name for field in fields(kind)) | ({tag} if tag else frozenset())


def _unknown_fields(annotation: Any) -> Callable[[Any], list[InputFault]] | None:
    """Return what lists the fields that a type does not have, or nothing if it has no structs."""
    if not _has_struct(annotation):
        return None
    choices = members(annotation)
    kind = choices[0]
    if len(choices) == 1 and is_struct(kind):
        return _struct_check(kind)

    def check(value: Any) -> list[InputFault]:
        return list(_deep_unknown(annotation, value, ()))

    return check


def _struct_check(kind: Any) -> Callable[[Any], list[InputFault]]:
    names = _names(kind)
    is_deep = any(_has_struct(field.type) for field in fields(kind))

    def check(value: Any) -> list[InputFault]:
        if not is_deep and value.keys() <= names:
            return []
        return list(_deep_unknown(kind, value, ()))

    return check


def _deep_unknown(annotation: Any, value: Any, path: Path) -> Iterator[InputFault]:
    structs = [member for member in members(annotation) if is_struct(member)]
    if isinstance(value, dict) and len(structs) == 1:
        given = typing.cast("dict[str, Any]", value)
        yield from _unknown(structs[0], given, path)
        for field in fields(structs[0]):
            if field.name in given:
                yield from _deep_unknown(field.type, given[field.name], (*path, field.name))
    elif isinstance(value, list):
        inner = next((get_args(m) for m in members(annotation) if is_many(m)), ())
        for index, item in enumerate(typing.cast("list[Any]", value) if inner else ()):
            yield from _deep_unknown(inner[0], item, (*path, index))


def _has_struct(annotation: Any) -> bool:
    return any(
        is_struct(kind) or any(_has_struct(arg) for arg in get_args(kind))
        for kind in members(annotation)
        if get_origin(kind) is not typing.Literal
    )


def _single(error: Exception) -> InputFault:
    message, _, place = str(error).partition(" - at `")
    return InputFault(_location(place.rstrip("`")), message)


def _location(place: str) -> Path:
    parts: list[str | int] = []
    for part in place.removeprefix("$").replace("[", ".[").split("."):
        inside = part.removeprefix("[").removesuffix("]")
        if part:
            parts.append(int(inside) if part.startswith("[") and inside.isdigit() else part)
    return tuple(parts)


def _json_name(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return "null" if value is None else names.get(type(value), "something else")


# --- going out ---


def _write_anything(value: Any) -> bytes:
    if hasattr(value.__class__, "__mapper__"):
        value = _columns(value)
    elif value.__class__ is list:
        value = [_columns(v) if hasattr(v.__class__, "__mapper__") else v for v in value]
    return _encode(value)


def _simpler(value: Any) -> Any:
    """What msgspec cannot write itself: pydantic models, mapped rows, generators."""
    if is_model(value.__class__):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(value.__class__, "__mapper__"):
        return _columns(value)
    if hasattr(value, "_mapping"):
        return dict(value._mapping)
    raise TypeError(
        f"{type(value).__qualname__} cannot be written as JSON; "
        "return a struct, a model, a mapping or a list, or declare the return type"
    )


_encode = msgspec.json.Encoder(enc_hook=_simpler).encode


def _columns(row: Any) -> dict[str, Any]:
    """The loaded columns of a mapped object, without the ones marked private."""
    mapper = row.__class__.__mapper__
    loaded = row.__dict__
    return {
        attribute.key: loaded[attribute.key]
        for attribute in mapper.column_attrs
        if attribute.key in loaded and not attribute.columns[0].info.get("private")
    }


def _filtered(value: Any, annotation: Any) -> Any:
    """Convert to the declared type, which drops what it does not have."""
    if _is_open(value):
        value = msgspec.to_builtins(value, enc_hook=_simpler)
    return msgspec.convert(_object(value), annotation, from_attributes=True)


def _is_open(value: Any) -> bool:
    return isinstance(value, msgspec.Struct) or (
        dataclasses.is_dataclass(value) and not hasattr(value.__class__, "__mapper__")
    )


def _object(value: Any) -> Any:
    return value.model_dump(by_alias=True) if is_model(value.__class__) else value


def _is_closed(kind: type[Any]) -> bool:
    """Whether a value of exactly this type can hold only declared fields, all the way down."""
    if not is_struct(kind) or kind.__subclasses__():
        return False
    inner = [member for field in fields(kind) for member in members(field.type)]
    flat = [plain(arg)[0] for member in inner for arg in (get_args(member) or (member,))]
    return all(not is_struct(part) or (part is not kind and _is_closed(part)) for part in flat)


# --- pydantic, imported only for those who use it ---


def _pydantic_json(annotation: Any, *, refuse_unknown: bool) -> Callable[[bytes], Any]:
    import pydantic

    adapter = pydantic.TypeAdapter[Any](annotation)
    extra: Any = "forbid" if refuse_unknown and not _says_extra(annotation) else None

    def read(data: bytes) -> Any:
        try:
            return adapter.validate_json(data, extra=extra)
        except pydantic.ValidationError as error:
            if error.errors()[0]["type"] == "json_invalid":
                raise _malformed(ValueError(error.errors()[0]["msg"])) from None
            raise Refused(*_pydantic_faults(error)) from None

    return read


def _pydantic_text(annotation: Any) -> Callable[[Any], Any]:
    import pydantic

    adapter = pydantic.TypeAdapter[Any](annotation)

    def read(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            raise Refused(*_pydantic_faults(error)) from None

    return read


def _pydantic_writer(annotation: Any) -> Callable[[Any], bytes]:
    import pydantic

    adapter = pydantic.TypeAdapter[Any](annotation)
    kind, _ = plain(annotation)

    def write(value: Any) -> bytes:
        if value.__class__ is not kind:
            value = adapter.validate_python(value, from_attributes=True)
        return adapter.dump_json(value, by_alias=True)

    return write


def _pydantic_faults(error: Any) -> list[InputFault]:
    return [InputFault(tuple(item["loc"]), item["msg"]) for item in error.errors()]


def _says_extra(annotation: Any) -> bool:
    """Whether a model in the type says itself what becomes of unknown fields."""
    kinds = members(annotation)
    inner = [arg for kind in kinds for arg in get_args(kind)]
    nested = [f.type for kind in kinds if is_struct(kind) for f in fields(kind)]
    own = any("extra" in getattr(kind, "model_config", {}) for kind in kinds)
    return own or any(_says_extra(part) for part in (*inner, *nested))
