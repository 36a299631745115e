"""One operation as a value: everything that its route, and what that asks for, says about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zenith_server.handlers.signature import Input, Known
from zenith_server.openapi.answers import Answer, answers
from zenith_server.openapi.calls import Call, call_of
from zenith_server.openapi.docstring import Doc, doc_of
from zenith_server.openapi.failures import failures, of_condition, of_file, of_inputs
from zenith_server.openapi.raised import Raised, Sources
from zenith_server.openapi.security import Requirement, is_credential, requirements
from zenith_server.plan import Plan, Route
from zenith_server.problems import title
from zenith_server.router import CONDITIONAL, Conditional


class Operation(Struct, frozen=True):
    """One method of one URL.

    Args:
        route: what answers it.
        doc: the handler's docstring, with what those of its dependencies say about arguments.
        inputs: what the client may send, credentials apart.
        answers: the possible responses.
        security: which credentials the client must send.
    """

    route: Route
    doc: Doc
    inputs: tuple[Input, ...]
    answers: tuple[Answer, ...]
    security: tuple[Requirement, ...]


def operation(route: Route, plan: Plan, known: Known, sources: Sources) -> Operation:
    """Return what is known of a route.

    Args:
        route: one with a handler.
        plan: whose error mappings are shared.
        known: what parameters may ask for anywhere.
        sources: the code of the project.

    Raises:
        ProjectError: a parameter that nothing supplies.
    """
    here = Known(route.pattern.parameters, known.providers, known.services, route.method)
    handler = call_of(route.handler, here, route.origin)
    versions = _version_of(route, here)
    guards = tuple(call_of(guard.call, here, guard.origin) for guard in route.guards)
    calls = [call for each in (*guards, *versions, handler) for call in each.all()]
    inputs = _unique(route, [each for call in calls for each in call.inputs])
    raised = [
        *of_inputs(inputs),
        *of_condition(route),
        *of_file(handler.signature.returns),
        *_raised(calls, sources),
    ]
    errors = failures(dict.fromkeys(raised), route.errors, plan.errors, known)
    success = answers(handler.signature.returns, handler.signature.status)
    return Operation(
        route,
        _doc(handler, calls),
        tuple(each for each in inputs if not is_credential(each)),
        (*_told(success, doc_of(route.handler).returns), *_unchanged(route), *errors),
        requirements(handler, guards),
    )


def _version_of(route: Route, known: Known) -> tuple[Call, ...]:
    """The function that tells the present version, which asks for parameters of its own."""
    condition: Conditional | None = getattr(route.handler, CONDITIONAL, None)
    if condition is None or condition.version is None:
        return ()
    return (call_of(condition.version, known, route.origin),)


def _unchanged(route: Route) -> Iterator[Answer]:
    """What a client gets that has the present version already."""
    if hasattr(route.handler, CONDITIONAL) and route.method in ("GET", "HEAD"):
        yield Answer("304", text=title(304))


def _unique(route: Route, inputs: list[Input]) -> list[Input]:
    """Each value once, though two dependencies may read it; the path's in the order of the URL."""
    found: dict[tuple[str, str], Input] = {}
    for each in inputs:
        found.setdefault((each.source, each.key), each)
    path = [found.pop(("path", key)) for key in route.pattern.parameters if ("path", key) in found]
    return [*path, *found.values()]


def _raised(calls: list[Call], sources: Sources) -> Iterator[Raised]:
    for call in calls:
        function = call.signature.call
        owner: Any = getattr(function, "__self__", None)
        yield from sources.raised(function, owner.__class__ if owner is not None else None)


def _told(found: tuple[Answer, ...], text: str) -> tuple[Answer, ...]:
    return tuple(replace(answer, text=text) for answer in found)


def _doc(handler: Call, calls: list[Call]) -> Doc:
    docs = [doc_of(call.signature.call) for call in calls]
    arguments = {name: text for doc in docs for name, text in doc.arguments.items()}
    return replace(doc_of(handler.signature.call), arguments=arguments)
