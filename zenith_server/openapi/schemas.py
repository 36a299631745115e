"""JSON Schemas of all types of an API: each named type once, under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from zenith_server.handlers.pydantic_types import says_extra
from zenith_server.handlers.schema import needs_pydantic
from zenith_server.handlers.signature import MISSING
from zenith_server.openapi.places import complete, places
from zenith_server.openapi.rows import Rows

PLACE = "#/components/schemas/"
Json = dict[str, Any]
Mode = Literal["in", "out"]
NO_NUL = r"^[^\x00]*$"
SAID = frozenset({"pattern", "format", "enum", "const", "contentEncoding"})
"""What a text that says one of these needs no further pattern for."""
_PYDANTICS: Mapping[Mode, Any] = {"in": "validation", "out": "serialization"}


class Wanted(Struct, frozen=True):
    """A type whose schema is needed.

    Args:
        type: the annotation.
        mode: whether it comes in or goes out; a model may look different in the two.
        is_body: whether it is read from JSON.
    """

    type: Any
    mode: Mode
    is_body: bool = False

    @property
    def key(self) -> tuple[int, Mode]:
        """Annotations need not be hashable; they live as long as the signatures."""
        return id(self.type), self.mode


class Schemas:
    """The schemas of some types, and the components that they refer to.

    Args:
        wanted: every type that will be asked for.
        refuse_unknown: whether bodies with fields that a type does not have are refused.

    Example:
        >>> Schemas([Wanted(int, "in")]).of(int, "in")
        {'type': 'integer'}
    """

    def __init__(self, wanted: Iterable[Wanted], *, refuse_unknown: bool = True) -> None:
        given = list({(each.key, each.is_body): each for each in wanted}.values())
        typed = [each for each in given if each.type is not MISSING]
        ours = [each for each in typed if not needs_pydantic(each.type)]
        theirs = [each for each in typed if needs_pydantic(each.type)]
        self.components: Json = {}
        self._schemas: dict[tuple[int, Mode], Json] = {}
        rows = Rows()
        self._add_ours([(each, _readable(rows.replaced(each.type))) for each in ours])
        if theirs:
            self._add(theirs, *_of_pydantic(theirs))
        for each in typed:
            if each.is_body:
                closed = refuse_unknown and not says_extra(each.type)
                self._as_read(self._schemas[each.key], set(), closed=closed)

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

    def _add_ours(self, typed: list[tuple[Wanted, Any]]) -> None:
        """Add types that msgspec reads: together, or apart where it has one name for two.

        It has for `Page[a.Thing]` and `Page[b.Thing]`, and then fails.
        """
        try:
            batches = [(typed, _of_msgspec([kind for _, kind in typed]))]
        except KeyError:
            batches = [([each], _alone(each[1])) for each in typed]
        names: dict[Any, str] = {}
        for batch, (schemas, components) in batches:
            kinds = _classes([kind for _, kind in batch], schemas, components)
            known = {name: names[kind] for name, kind in kinds.items() if kind in names}
            given = self._add([each for each, _ in batch], schemas, components, known)
            names |= {kind: given[name] for name, kind in kinds.items()}
        for each, kind in typed:
            complete(kind, self._schemas[each.key], self._find)

    def _add(
        self,
        wanted: list[Wanted],
        schemas: Iterable[Json],
        components: Json,
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, str]:
        """Add schemas with their components; return the names that these have now.

        Args:
            wanted: what the schemas are of.
            schemas: one for each.
            components: what they refer to.
            known: the names of those components that are there already.
        """
        given = dict(known)
        for name in [each for each in components if each not in known]:
            given[name] = self._free(_tidy(name), set(given.values()))
        names = {PLACE + old: PLACE + new for old, new in given.items()}
        for name in [each for each in components if each not in known]:
            self.components[given[name]] = _renamed(components[name], names)
        for each, schema in zip(wanted, schemas, strict=True):
            self._schemas[each.key] = _renamed(schema, names)
        return given

    def _free(self, name: str, taken: set[str]) -> str:
        choices = (name, *(f"{name}_{number}" for number in range(2, 1000)))
        return next(c for c in choices if c not in self.components and c not in taken)

    def _as_read(self, schema: Json, seen: set[str], *, closed: bool) -> None:
        """Say what the reading of bodies refuses: NUL in texts, and fields that nobody declared.

        It does not refuse items of a set that are there twice.
        """
        reference = schema.get("$ref")
        if reference in seen:
            return
        if reference is not None:
            seen.add(reference)
            schema = self._find(reference)
        if schema.get("type") == "string" and SAID.isdisjoint(schema):
            schema["pattern"] = NO_NUL
        if schema.get("type") == "object" and "properties" not in schema:
            schema.setdefault("propertyNames", {"pattern": NO_NUL})
        schema.pop("uniqueItems", None)
        if closed and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for each in _inside(schema):
            self._as_read(each, seen, closed=closed)


def _inside(schema: Json) -> Iterator[Json]:
    """The schemas right below one."""
    lists = (schema.get(name, ()) for name in ("anyOf", "oneOf", "allOf", "prefixItems"))
    single = (schema.get(name) for name in ("items", "additionalProperties"))
    below = (*schema.get("properties", {}).values(), *(one for each in lists for one in each))
    yield from (each for each in (*below, *single) if isinstance(each, dict))


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


def _alone(annotation: Any) -> tuple[Iterable[Json], Json]:
    """One type; anything where msgspec has one name for two of its parts."""
    try:
        return _of_msgspec([annotation])
    except KeyError:
        return [{}], {}


def _classes(types: list[Any], schemas: Iterable[Json], components: Json) -> dict[str, Any]:
    """The class of each component."""
    found = (
        (part["$ref"].removeprefix(PLACE), info.cls)
        for annotation, schema in zip(types, schemas, strict=True)
        for info, part in places(annotation, schema, lambda r: components[r.removeprefix(PLACE)])
        if "$ref" in part
    )
    return dict(found)


def _readable(annotation: Any) -> Any:
    """The type, or any where msgspec writes values of it without knowing it."""
    try:
        msgspec.inspect.type_info(annotation)
    except TypeError:
        return Any
    return annotation


def _foreign(kind: Any) -> Json:
    if getattr(kind, "__name__", "") == "UploadFile":
        return {"type": "string", "format": "binary"}
    return {"title": getattr(kind, "__name__", str(kind))}


def _of_pydantic(wanted: list[Wanted]) -> tuple[Iterable[Json], Json]:
    import pydantic
    from pydantic.json_schema import GenerateJsonSchema

    class Exact(GenerateJsonSchema):
        def get_decimal_pattern(self, schema: Any) -> str | None:
            return self.build_decimal_pattern(schema) if self.mode == "validation" else None

    adapters: list[Any] = [
        (index, _PYDANTICS[each.mode], pydantic.TypeAdapter[Any](each.type))
        for index, each in enumerate(wanted)
    ]
    found, definitions = pydantic.TypeAdapter.json_schemas(
        adapters, ref_template=PLACE + "{model}", schema_generator=Exact
    )
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
