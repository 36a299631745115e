"""What the server would do with a request, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from zenith_server.cli.findings import Findings
from zenith_server.cli.match import Match, Step, match
from zenith_server.cli.rows import layers_around
from zenith_server.dispatch.paths import refuse_traversal
from zenith_server.handlers.inject import write_route
from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.inputs import reader
from zenith_server.handlers.request import decoded
from zenith_server.handlers.signature import Input, Need, Signature, name_of, read
from zenith_server.names import Pattern
from zenith_server.plan import Provider, Route, Service
from zenith_server.problems import HTTPException


class Explanation(Struct, frozen=True):
    """The fate of one request.

    Args:
        request: the method and the path.
        status: 200 where a handler takes it, though that may answer otherwise; else the status.
        why: the verdict in a sentence or two.
        pattern: the pattern that matches, if one does.
        place: where the handler stands.
        steps: the decisions that led there.
        values: the value of each path parameter.
        parameters: where each parameter of the handler comes from.
        layers: what the request passes before the handler, outermost first.
        nearest: patterns that are close, where none matches.
    """

    request: str
    status: int
    why: str
    pattern: str | None = None
    place: str | None = None
    steps: tuple[Step, ...] = ()
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    parameters: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()


def explain(findings: Findings, url: str, method: str) -> Explanation:
    """Say what answers a method and URL, and by which decisions.

    Args:
        findings: the project.
        url: a path, with or without the host before it and the query behind it.
        method: an HTTP method, or WEBSOCKET.
    """
    path = _path(url)
    request = f"{method} {path}"
    try:
        found = _search(findings, path)
        refuse_traversal(tuple(found.values.values()))
    except HTTPException as error:
        return Explanation(request, error.status_code, f"{error.detail}.")
    if found.pattern is None:
        nearest = tuple(str(pattern) for pattern in found.nearest)
        why = " ".join(filter(None, [f"Nothing answers {path}.", found.hint]))
        return Explanation(request, 404, why, steps=found.steps, nearest=nearest)
    return _matched(findings, request, method, found)


def code_of(findings: Findings, url: str, method: str) -> str | None:
    """Return the code that runs for a request, where a handler takes it."""
    found = _search(findings, _path(url))
    route = _route(_routes(findings, found), method)
    if route is None or route.method == "*":
        return None
    return write_route(route, findings.injection).text


def _path(url: str) -> str:
    """The path of a URL; without host and leading slash it is meant from the root."""
    return "/" + urlsplit(url).path.removeprefix("/")


def _search(findings: Findings, path: str) -> Match:
    outside = {str(each.pattern): each.pattern for each in findings.plan.routes if each.outside}
    if path in outside:
        step = Step(path, "static", "answered before every layer")
        return Match(outside[path], steps=(step,))
    patterns = [route.pattern for route in findings.plan.routes if not route.outside]
    parts = [decoded(part) for part in path[1:].encode().split(b"/")] if path != "/" else []
    found = match(patterns, parts)
    if found.pattern is not None:
        return found
    return next((m for m in _elsewhere(findings, patterns, parts) if m.pattern), found)


def _elsewhere(findings: Findings, patterns: list[Pattern], parts: list[str]) -> Iterator[Match]:
    """What is found where a path is looked for that nothing answers, such as in a version."""
    for choice in findings.plan.choices:
        others = choice.look({"headers": []}, parts)
        if others is not None:
            step = Step("", "static", f"nothing there; looked for in {'/'.join(['', *others])}")
            found = match(patterns, others)
            yield replace(found, steps=(step, *found.steps))


def _routes(findings: Findings, found: Match) -> list[Route]:
    shape = found.pattern.shape if found.pattern else None
    return [route for route in findings.plan.routes if route.pattern.shape == shape]


def _route(routes: list[Route], method: str) -> Route | None:
    """The route that takes a method: its own, else the app that takes all, else GET for HEAD."""
    known = {route.method: route for route in routes}
    return known.get(method) or known.get("*") or (known.get("GET") if method == "HEAD" else None)


def _matched(findings: Findings, request: str, method: str, found: Match) -> Explanation:
    routes = _routes(findings, found)
    route = _route(routes, method)
    pattern = str(found.pattern)
    base = Explanation(request, 200, "", pattern, steps=found.steps, values=dict(found.values))
    if route is None:
        return _no_method(base, method, routes)
    base = replace(base, place=str(route.origin), layers=layers_around(findings, route))
    broken = findings.fault_at(route.origin.where)
    if broken is not None:
        return replace(base, status=500, why=f"The file is broken: {broken.what}.")
    why = f"{name_of(route.handler)} in {route.origin} answers."
    if route.method == "*":
        return replace(base, why=why)
    known = findings.injection.known(route.pattern.parameters, route.method)
    signature = read(route.handler, known, route.origin)
    return _converted(replace(base, why=why, parameters=tuple(_sources(signature))), signature)


def _no_method(base: Explanation, method: str, routes: list[Route]) -> Explanation:
    methods = {route.method for route in routes} - {"WEBSOCKET"} | {"OPTIONS"}
    allow = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    places = ", ".join(dict.fromkeys(route.origin.where for route in routes))
    if method == "OPTIONS":
        return replace(base, status=204, why=f"Every URL tells its methods: {allow}.")
    why = f"{base.pattern} in {places} takes {allow}, not {method}."
    return replace(base, status=405, why=why)


def _converted(base: Explanation, signature: Signature) -> Explanation:
    """Read the values as the handler will: one that does not fit is another URL, a 404."""
    values = dict(base.values)
    for parameter in signature.parameters:
        if isinstance(parameter, Input) and parameter.source == "path":
            text = base.values[parameter.key]
            try:
                values[parameter.key] = reader(parameter, refuse_unknown=True).read(text)
            except Refused as error:
                what = error.faults[0].message
                why = f'{parameter.key} is "{text}", which does not fit the handler: {what}.'
                return replace(base, status=404, why=why)
    return replace(base, values=values)


def _sources(signature: Signature) -> Iterator[str]:
    for parameter in signature.parameters:
        if isinstance(parameter, Input):
            key = "" if parameter.source == "body" else f" {parameter.key!r}"
            yield f"{parameter.argument}: from the {parameter.source}{key}"
        elif isinstance(parameter, Need):
            yield f"{parameter.argument}: {_supply(parameter)}"


def _supply(need: Need) -> str:
    supply = need.supply
    if isinstance(supply, Provider | Service):
        return f"from {supply.origin}"
    return f"from {name_of(supply)}"
