"""JSON Schemas of all types of an API: each named type once, under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from zenith_server.openapi.rows import has_rows, with_structs
from zenith_server.openapi.times import add_formats
from zenith_server.schema import needs_pydantic
from zenith_server.signature import MISSING

PLACE = "#/components/schemas/"
Json = dict[str, Any]
Mode = Literal["in", "out"]
_PYDANTICS: Mapping[Mode, Any] = {"in": "validation", "out": "serialization"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A type whose schema is needed.

    Args:
        type: the annotation.
        mode: whether it comes in or goes out; a model may look different in the two.
        closed: whether fields that it does not have are refused.
    """

    type: Any
    mode: Mode
    closed: bool = False

    @property
    def key(self) -> tuple[int, Mode]:
        """Annotations need not be hashable; they live as long as the signatures."""
        return id(self.type), self.mode


class Schemas:
    """The schemas of some types, and the components that they refer to.

    Args:
        wanted: every type that will be asked for.

    Example:
        >>> Schemas([Wanted(int, "in")]).of(int, "in")
        {'type': 'integer'}
    """

    def __init__(self, wanted: Iterable[Wanted]) -> None:
        given = list({(each.key, each.closed): each for each in wanted}.values())
        typed = [each for each in given if each.type is not MISSING]
        ours = [each for each in typed if not needs_pydantic(each.type)]
        theirs = [each for each in typed if needs_pydantic(each.type)]
        self.components: Json = {}
        self._schemas: dict[tuple[int, Mode], Json] = {}
        types = [_readable(each.type) for each in ours]
        self._add(ours, *_of_msgspec(types))
        add_formats(types, [self._schemas[each.key] for each in ours], self._find)
        if theirs:
            self._add(theirs, *_of_pydantic(theirs))
        for each in typed:
            if each.closed:
                self._close(self._schemas[each.key], everywhere=needs_pydantic(each.type))

    def of(self, annotation: Any, mode: Mode) -> Json:
        """Return the schema of a type; an empty one, which fits everything, if nothing is known."""
        return dict(self._schemas.get((id(annotation), mode), {}))

    def fields(self, annotation: Any, mode: Mode) -> tuple[Json, list[str]]:
        """Return the schemas of a struct's fields, and the names of those that are required."""
        whole = without_null(self.of(annotation, mode))
        while "$ref" in whole:
            whole = self._find(whole["$ref"])
        return whole.get("properties", {}), whole.get("required", [])

    def used_by(self, value: Any) -> Json:
        """Return the components that a part of the document refers to, directly or not."""
        found: set[str] = set()
        waiting = [value]
        while waiting:
            names = set(_references(waiting.pop())) - found
            found |= names
            waiting += [self.components[name] for name in names]
        return {name: self.components[name] for name in sorted(found)}

    def _find(self, reference: str) -> Json:
        return self.components[reference.removeprefix(PLACE)]

    def _add(self, wanted: list[Wanted], schemas: Iterable[Json], components: Json) -> None:
        names: dict[str, str] = {}
        for name in components:
            names[PLACE + name] = PLACE + self._free(_tidy(name), set(names.values()))
        for name, schema in components.items():
            self.components[names[PLACE + name].removeprefix(PLACE)] = _renamed(schema, names)
        for each, schema in zip(wanted, schemas, strict=True):
            self._schemas[each.key] = _renamed(schema, names)

    def _free(self, name: str, taken: set[str]) -> str:
        choices = (name, *(f"{name}_{number}" for number in range(2, 1000)))
        return next(c for c in choices if c not in self.components and PLACE + c not in taken)

    def _close(self, schema: Any, *, everywhere: bool) -> None:
        """Say that objects take no other fields, wherever the reading of bodies refuses them."""
        if "$ref" in schema:
            schema = self._find(schema["$ref"])
            if "additionalProperties" in schema or "properties" not in schema:
                return
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        inner = [*schema.get("properties", {}).values()]
        inner += choices if len(choices) == 1 or everywhere else []
        for each in (*inner, schema.get("items")):
            if isinstance(each, dict):
                self._close(each, everywhere=everywhere)


def without_null(schema: Json) -> Json:
    """Return a schema for a place where there is no `null`, such as a query string.

    Example:
        >>> without_null({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None})
        {'type': 'integer'}
    """
    rest = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    if "anyOf" not in schema:
        return rest
    choices = [each for each in schema["anyOf"] if each.get("type") != "null"]
    return {**choices[0], **rest} if len(choices) == 1 else {"anyOf": choices, **rest}


def _of_msgspec(types: list[Any]) -> tuple[Iterable[Json], Json]:
    return msgspec.json.schema_components(
        types, schema_hook=_foreign, ref_template=PLACE + "{name}"
    )


def _readable(annotation: Any) -> Any:
    """The type, or any where msgspec writes values of it without knowing it."""
    known = with_structs(annotation) if has_rows(annotation) else annotation
    try:
        msgspec.inspect.type_info(known)
    except TypeError:
        return Any
    return known


def _foreign(kind: Any) -> Json:
    if getattr(kind, "__name__", "") == "UploadFile":
        return {"type": "string", "format": "binary"}
    return {"title": getattr(kind, "__name__", str(kind))}


def _of_pydantic(wanted: list[Wanted]) -> tuple[Iterable[Json], Json]:
    import pydantic

    adapters: list[Any] = [
        (index, _PYDANTICS[each.mode], pydantic.TypeAdapter[Any](each.type))
        for index, each in enumerate(wanted)
    ]
    found, definitions = pydantic.TypeAdapter.json_schemas(adapters, ref_template=PLACE + "{model}")
    schemas = [found[(index, mode)] for index, mode, _ in adapters]
    return schemas, definitions.get("$defs", {})


def _tidy(name: str) -> str:
    """`Page_Article_` becomes `Page_Article`, and pydantic's `Article-Input` `ArticleInput`."""
    return re.sub(r"_+", "_", re.sub(r"-(?=(Input|Output)$)", "", name)).strip("_")


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        members = cast("Json", value)
        pattern = {"pattern": _portable(members["pattern"])} if _is_pattern(members) else {}
        return {key: _renamed(each, names) for key, each in members.items()} | pattern
    if isinstance(value, (list, tuple)):
        return [_renamed(each, names) for each in cast("list[Any]", value)]
    return names.get(value, value) if isinstance(value, str) else value


def _is_pattern(members: Json) -> bool:
    return isinstance(members.get("pattern"), str)


def _portable(pattern: str) -> str:
    """Python's ends of a text in the dialect of JSON Schema (ECMA-262)."""
    return re.sub(r"\\\\|\\[AZ]", lambda found: _ENDS.get(found[0], found[0]), pattern)


_ENDS = {r"\A": "^", r"\Z": "$"}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        members = cast("Json", value)
        if isinstance(members.get("$ref"), str):
            yield members["$ref"].removeprefix(PLACE)
        value = list(members.values())
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _references(each)
