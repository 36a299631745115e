"""Signatures become straight-line code: one coroutine function per handler.

The code is written as text, because a loop over the parameters of each request costs more than the
handler itself. `zenith-server routes --url /x --code` prints it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.code import HandlerCode
from zenith_server.handlers.conditions import checked, tagged, tagged_by_body
from zenith_server.handlers.container import Container
from zenith_server.handlers.form import form_opener
from zenith_server.handlers.later import Later
from zenith_server.handlers.request import lift_limit
from zenith_server.handlers.signature import Known, Signature, name_of, read
from zenith_server.handlers.sound import is_sound, reads
from zenith_server.plan import Origin, Route
from zenith_server.router import BODY_LIMIT, CONDITIONAL, Conditional


class Injection(Struct, frozen=True):
    """What all handlers of an app share.

    Args:
        container: app-wide values, and what may be asked for.
        open_form: returns an async context manager around the fields of a form.
        json_limit: bytes of a JSON body.
        refuse_unknown: whether fields that a type does not have are faults.
    """

    container: Container
    open_form: Callable[..., Any]
    json_limit: int
    refuse_unknown: bool

    def known(self, path: tuple[str, ...] = (), method: str = "GET") -> Known:
        """Return what parameters may ask for under one pattern and method."""
        shared = self.container.known
        return Known(path, shared.providers, shared.services, method)


def compile_route(route: Route, injection: Injection) -> Later:
    """Return the coroutine function that answers a route; raises as `write_route` does."""
    name = f"<{route.method} {route.pattern}>"
    if route.method != "*":
        known = injection.known(route.pattern.parameters, route.method)
        signature = read(route.handler, known, route.origin)
        if is_sound(route, signature, refuse_unknown=injection.refuse_unknown):
            write = functools.partial(write_route, route, injection, signature)
            return Later(
                lambda: write().function(name),
                reads_body=reads(signature, "body", "form"),
                # The pieces of a stream may need the files of a form, which is closed after it.
                sends=reads(signature, "form"),
            )
    return write_route(route, injection).handler(name)


def write_route(
    route: Route, injection: Injection, signature: Signature | None = None
) -> HandlerCode:
    """Return the code of the function that answers a route.

    Args:
        route: the route.
        injection: what all handlers share.
        signature: that of its handler, where it was read before.

    Raises:
        ProjectError: a parameter that nothing supplies, or a path parameter that nobody takes.
    """
    known = injection.known(route.pattern.parameters, route.method)
    limit: int | None = getattr(route.handler, BODY_LIMIT, None)
    if limit is not None:
        injection = replace(injection, json_limit=limit, open_form=form_opener(limit))
    code = HandlerCode(injection, known, route.origin)
    if limit is not None:
        code.line(f"{code.name(lift_limit, 'lift_limit')}(scope, {limit})")
    for guard in route.guards:
        code.call(read(guard.call, known, guard.origin))
    if route.method == "*":
        code.line(f"await {code.name(route.handler, 'app')}(scope, receive, send)")
    else:
        signature = signature or read(route.handler, known, route.origin)
        if route.method == "WEBSOCKET":
            code.line(code.called(signature))
        else:
            code.answer(signature, _conditional(route, code))
        _all_taken(route, code.taken)
    code.finish()
    return code


def _conditional(route: Route, code: HandlerCode) -> str:
    """Write what a conditional request needs before the handler; return what it needs after it."""
    condition: Conditional | None = getattr(route.handler, CONDITIONAL, None)
    if condition is None:
        return "{}"
    if condition.version is None:
        if route.method not in ("GET", "HEAD"):
            raise ProjectError(_no_version(route))
        return f"{code.name(tagged_by_body, 'tagged')}(scope, {{}})"
    version = code.call(read(condition.version, code.known, route.origin))
    code.unless(f"{code.name(checked, 'checked')}(scope, {version})")
    if route.method not in ("GET", "HEAD"):
        return "{}"
    return f"{code.name(tagged, 'tagged')}({{}}, {version})"


def compile_error(handler: Callable[..., Any], origin: Origin, injection: Injection) -> Later:
    """Return the coroutine function that answers an exception, given in the last argument."""
    first = next(iter(inspect.signature(handler).parameters), "")
    shared = injection.known()
    given = {"scope": "scope", first: "values"}
    known = Known((), shared.providers, shared.services, given=given)
    code = HandlerCode(injection, known, origin)
    code.answer(read(handler, known, origin))
    code.finish()
    return code.handler(f"<error handler {name_of(handler)}>")


def _no_version(route: Route) -> Fault:
    return Fault(
        f"{name_of(route.handler)} is conditional, and nothing tells the version that it changes",
        (str(route.origin),),
        "Whether If-Match holds must be known before anything is changed.",
        ("Give it a function that returns the present version: @conditional(_version).",),
    )


def _all_taken(route: Route, taken: set[str]) -> None:
    left = [name for name in route.pattern.parameters if name not in taken]
    if left:
        raise ProjectError(
            Fault(
                f"{name_of(route.handler)} does not take {', '.join(left)} from {route.pattern}",
                (str(route.origin),),
                "A path parameter that nobody takes would answer the same for every value.",
                (f"Add the parameter: {name_of(route.handler)}({left[0]}: str, …).",),
            )
        )
