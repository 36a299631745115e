"""The OpenAPI document of a plan.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.container import known_types
from zenith_server.handlers.signature import MISSING, Known
from zenith_server.names import Pattern
from zenith_server.openapi.answers import ELSEWHERE, UNKNOWN, Answer
from zenith_server.openapi.inputs import body, credentials, parameters, wanted_inputs
from zenith_server.openapi.naming import operation_ids, tag_of, words
from zenith_server.openapi.operation import Operation, operation
from zenith_server.openapi.raised import Sources
from zenith_server.openapi.schemas import Schemas, Wanted
from zenith_server.openapi.security import schemes
from zenith_server.plan import Plan, Route
from zenith_server.problems import title
from zenith_server.router import HIDDEN

VERSION = "3.1.1"
_RANGES = {UNKNOWN: "Success", ELSEWHERE: "Redirection"}
METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
Json = dict[str, Any]


class Info(Struct, frozen=True):
    """What an API is called.

    Args:
        title: its name.
        version: the version of the API, not of the server.
        description: what it is for; CommonMark.
        leaving: the versions of the API that are deprecated, as patterns before their URLs.
    """

    title: str
    version: str
    description: str = ""
    leaving: tuple[Pattern, ...] = ()


def describe(plan: Plan, info: Info, *, refuse_unknown: bool = True) -> Json:
    """Return the OpenAPI document of a plan.

    WebSockets, mounted apps, QUERY, which OpenAPI 3.1 cannot write, hidden routes and those
    that are answered before every layer, such as health, are left out.

    Args:
        plan: what is served.
        info: what it is called.
        refuse_unknown: whether bodies with fields that a type does not have are refused.

    Raises:
        ProjectError: handlers whose parameters cannot be read; every fault at once.

    Example:
        >>> describe(plan, Info("Shop", "1"))["paths"]["/articles"]["get"]["operationId"]
        'list_articles'
    """
    operations = _operations(plan)
    schemas = Schemas(_wanted(operations), refuse_unknown=refuse_unknown)
    paths: Json = {}
    for each, name in zip(operations, operation_ids(operations), strict=True):
        methods = paths.setdefault(str(each.route.pattern), {})
        is_leaving = any(_is_below(base, each.route.pattern) for base in info.leaving)
        methods[each.route.method.lower()] = _operation(each, name, schemas, is_leaving=is_leaving)
    if any(hook.name == "msgpack" for hook in plan.hooks):
        _packed(paths)
    components = {
        "schemas": schemas.used_by(paths),
        "securitySchemes": schemes(each.security for each in operations),
    }
    return _filled(
        {
            "openapi": VERSION,
            "info": _filled(
                {"title": info.title, "description": info.description, "version": info.version}
            ),
            "tags": list(_tags(operations)),
        }
    ) | {"paths": paths, "components": _filled(components)}


def is_described(route: Route) -> bool:
    """Whether the document has a route."""
    is_hidden = getattr(route.handler, HIDDEN, False)
    return not is_hidden and not route.outside and route.method in METHODS


def _operations(plan: Plan) -> list[Operation]:
    services = {service.cls: service for service in plan.services}
    known = Known(providers=known_types(plan.providers), services=services)
    sources = Sources()
    found: list[Operation] = []
    faults: list[Fault] = []
    for route in sorted(filter(is_described, plan.routes), key=_place):
        try:
            found.append(operation(route, plan, known, sources))
        except ProjectError as error:
            faults.extend(error.faults)
    if faults:
        raise ProjectError(*dict.fromkeys(faults))
    return found


def _place(route: Route) -> tuple[str, int]:
    return str(route.pattern), METHODS.index(route.method)


def _wanted(operations: Iterable[Operation]) -> Iterator[Wanted]:
    for each in operations:
        yield from wanted_inputs(each.inputs)
        for answer in each.answers:
            if answer.type is not MISSING:
                yield Wanted(answer.type, "out")


def _is_below(base: Pattern, pattern: Pattern) -> bool:
    return pattern.segments[: len(base.segments)] == base.segments


def _operation(each: Operation, name: str, schemas: Schemas, *, is_leaving: bool) -> Json:
    tag = tag_of(each.route)
    deprecated = getattr(each.route.handler, "__deprecated__", None)
    notes = (each.doc.description, f"Deprecated: {deprecated}" if deprecated else "")
    return _filled(
        {
            "tags": [tag] if tag else [],
            "summary": each.doc.summary or words(name),
            "description": "\n\n".join(filter(None, notes)),
            "operationId": name,
            "parameters": parameters(each.inputs, each.doc, schemas),
            "requestBody": body(each.inputs, each.doc, schemas),
            "responses": _responses(each.answers, schemas),
            "deprecated": is_leaving or deprecated is not None,
            "security": credentials(each.security),
        }
    )


def _responses(answers: Iterable[Answer], schemas: Schemas) -> Json:
    """All answers of a status as one response."""
    grouped: dict[str, list[Answer]] = {}
    for answer in answers:
        grouped.setdefault(answer.status, []).append(answer)
    return {status: _response(status, grouped[status], schemas) for status in sorted(grouped)}


def _response(status: str, answers: list[Answer], schemas: Schemas) -> Json:
    texts = dict.fromkeys(answer.text for answer in answers if answer.text)
    phrase = title(int(status)) if status.isdigit() else _RANGES[status]
    told = [text for text in texts if text != phrase] or [phrase]
    content: dict[str, list[Json]] = {}
    for answer in answers:
        if answer.media:
            schema = schemas.of(answer.type, "out") if answer.type is not MISSING else {}
            known = content.setdefault(answer.media, [])
            if schema not in known:
                known.append(schema)
    media = {name: _media(found) for name, found in content.items()}
    return _filled({"description": "; ".join(told), "content": media})


def _packed(paths: Json) -> None:
    """Say of each JSON body that it may be MessagePack too."""
    for methods in paths.values():
        for each in methods.values():
            for part in (each.get("requestBody", {}), *each["responses"].values()):
                content = part.get("content", {})
                json = content.get("application/json", content.get("application/problem+json"))
                if json is not None:
                    content["application/msgpack"] = json


def _media(schemas: list[Json]) -> Json:
    if len(schemas) > 1:
        return {"schema": {"anyOf": schemas}}
    return _filled({"schema": schemas[0]})


def _tags(operations: Iterable[Operation]) -> Iterator[Json]:
    """Each tag, described by the docstring of the file that has its URL."""
    files = {each.route.origin.where: each.route.handler for each in operations}
    for tag in dict.fromkeys(tag_of(each.route) for each in operations):
        own = [
            handler
            for where, handler in files.items()
            if where.removesuffix(".py").removesuffix("/index").rpartition("/")[2] == tag
        ]
        module = sys.modules.get(own[0].__module__) if own else None
        if tag:
            yield _filled({"name": tag, "description": getattr(module, "__doc__", None) or ""})


def _filled(given: Json) -> Json:
    """The members that say something."""
    return {key: value for key, value in given.items() if value not in ("", None, [], {}, False)}
