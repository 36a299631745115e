"""What the client sends, as parameters and a request body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from zenith_server.handlers.schema import is_optional, is_struct, members
from zenith_server.handlers.signature import MISSING, Input
from zenith_server.openapi.docstring import Doc
from zenith_server.openapi.failures import is_raw
from zenith_server.openapi.schemas import NO_NUL, SAID, Schemas, Wanted, without_null
from zenith_server.openapi.security import Requirement

Json = dict[str, Any]
FORM, UPLOAD = "application/x-www-form-urlencoded", "multipart/form-data"
_IGNORED = {"accept", "content-type", "authorization"}
"""Headers that the document tells in other ways (OpenAPI 3.1, 4.8.12)."""


_READABLE = {
    "query": NO_NUL,
    "form": NO_NUL,
    # No way out of a folder either: see the dispatcher.
    "path": r"^(?![/\\])(?!(.*[/\\])?\.\.([/\\]|$))[^\x00\uFFFD]+$",
}
"""The texts that are read from each source; any other is refused before the handler."""


def wanted_inputs(inputs: Iterable[Input]) -> Iterator[Wanted]:
    """Yield the types whose schemas the functions below need."""
    for each in inputs:
        yield Wanted(each.type, "in", is_body=each.source == "body")


def parameters(inputs: Iterable[Input], doc: Doc, schemas: Schemas) -> list[Json]:
    """Return the parameters of an operation; a struct in the query is one for each field."""
    found: list[Json] = []
    for each in inputs:
        if each.source in {"form", "body"} or _is_ignored(each):
            continue
        if each.source in {"query", "cookie"} and _is_whole(each):
            found += _fields(each, schemas)
        else:
            found.append(_parameter(each, doc, schemas))
    return found


def body(inputs: Iterable[Input], doc: Doc, schemas: Schemas) -> Json:
    """Return the request body of an operation; nothing where it takes none."""
    fields = [each for each in inputs if each.source == "form"]
    if fields:
        return _form(fields, doc, schemas)
    given = next((each for each in inputs if each.source == "body"), None)
    if given is None:
        return {}
    if is_raw(given):
        return _described(doc, given) | {"content": {"*/*": {}}, "required": False}
    media = {"application/json": {"schema": _whole(given, schemas)}}
    return _described(doc, given) | {"content": media, "required": _is_required(given)}


def credentials(security: Iterable[Requirement]) -> list[Json]:
    """Return the security requirements of an operation."""
    return [{scheme.name: [] for scheme in choice} for choice in security]


def _is_ignored(each: Input) -> bool:
    return each.source == "header" and each.key.lower() in _IGNORED


def _is_whole(each: Input) -> bool:
    return any(is_struct(kind) for kind in members(each.type))


def _whole(each: Input, schemas: Schemas) -> Json:
    return _with_default(schemas.of(each.type, "in"), each.default)


def _parameter(each: Input, doc: Doc, schemas: Schemas) -> Json:
    schema = _with_default(without_null(schemas.of(each.type, "in")), each.default)
    given = _of_parameter(each.key, each.source, schema, is_required=_is_required(each))
    return given | _described(doc, each)


def _of_parameter(name: str, source: str, schema: Json, *, is_required: bool) -> Json:
    """A parameter, with what its schema says that is said of parameters elsewhere."""
    told = {key: schema[key] for key in ("description", "deprecated") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in told}
    head = {"name": name, "in": source, "required": is_required}
    return head | told | {"schema": _as_read(rest, source)}


def _is_required(each: Input) -> bool:
    is_needed = each.default is MISSING and not is_optional(each.type)
    return is_needed or each.source == "path"  # without it, it is another URL


def _as_read(schema: Json, source: str) -> Json:
    """Say which texts never reach a handler, unless the type itself has something to say."""
    pattern = _READABLE.get(source)
    if pattern is None or not SAID.isdisjoint(schema):
        return schema
    if schema.get("type") == "array":
        return schema | _items_as_read(schema, source)
    if "anyOf" in schema:
        return schema | {"anyOf": [_as_read(each, source) for each in schema["anyOf"]]}
    return schema | {"pattern": pattern} if schema.get("type") == "string" else schema


def _items_as_read(schema: Json, source: str) -> Json:
    """The same of a list's items, and of each place of a tuple."""
    # A tuple says of its items that there are no others: false.
    items: Json = {"items": _as_read(schema["items"], source)} if schema.get("items") else {}
    places = [_as_read(each, source) for each in schema.get("prefixItems", ())]
    return items | ({"prefixItems": places} if places else {})


def _fields(each: Input, schemas: Schemas) -> list[Json]:
    properties, required = schemas.fields(each.type, "in")
    return [
        _of_parameter(name, each.source, without_null(schema), is_required=name in required)
        for name, schema in properties.items()
    ]


def _form(fields: list[Input], doc: Doc, schemas: Schemas) -> Json:
    properties: Json = {}
    required: list[str] = []
    for each in fields:
        if _is_whole(each):
            more, needed = schemas.fields(each.type, "in")
            properties |= {
                name: _as_read(without_null(schema), "form") for name, schema in more.items()
            }
            required += needed
        else:
            schema = _with_default(without_null(schemas.of(each.type, "in")), each.default)
            properties[each.key] = _described(doc, each) | _as_read(schema, "form")
            if _is_required(each):
                required.append(each.key)
    schema = {"type": "object", "properties": properties}
    whole = {"schema": schema | ({"required": required} if required else {})}
    media = (UPLOAD,) if _has_upload(properties) else (FORM, UPLOAD)
    return {"content": dict.fromkeys(media, whole), "required": True}


def _has_upload(properties: Json) -> bool:
    schemas = [each.get("items", each) for each in properties.values()]
    return any(each.get("format") == "binary" for each in schemas)


def _with_default(schema: Json, default: Any) -> Json:
    if default is MISSING or default is None:
        return schema
    return schema | {"default": msgspec.to_builtins(default, str_keys=True, enc_hook=str)}


def _described(doc: Doc, each: Input) -> Json:
    text = doc.arguments.get(each.argument, "")
    return {"description": text} if text else {}
