"""Routes become endpoints: all methods of a URL, compiled, with their layers around them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from zenith_server.dispatch.error_tables import ErrorTables
from zenith_server.dispatch.paths import path_of
from zenith_server.dispatch.tree import Endpoint
from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.inject import Injection, compile_route
from zenith_server.handlers.later import Handler, Later
from zenith_server.plan import Layer, Route
from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send
from zenith_server.reply import Reply, reply

Wrap = Callable[[Scope, Receive], Receive]
Onward = Callable[[Scope, Send, Message], Awaitable[None]]


def endpoints_of(
    routes: tuple[Route, ...], injection: Injection, errors: ErrorTables
) -> list[Endpoint]:
    """Return one endpoint for each pattern.

    Raises:
        ProjectError: handlers that cannot be compiled; every fault of every route at once.
    """
    found: dict[tuple[str, ...], Endpoint] = {}
    faults: list[Fault] = []
    for route in routes:
        endpoint = found.get(route.pattern.shape)
        if endpoint is None:
            endpoint = found[route.pattern.shape] = Endpoint(route.pattern)
        endpoint.outside = endpoint.outside or route.outside
        try:
            endpoint.handlers[route.method] = _handler(route, injection)
            endpoint.errors[route.method] = errors.of(route.errors)
        except ProjectError as error:
            faults.extend(error.faults)
    if faults:
        raise ProjectError(*dict.fromkeys(faults))
    for endpoint in found.values():
        _complete(endpoint)
    return list(found.values())


def pass_hooks(endpoints: list[Endpoint], wraps: list[Wrap], onward: Onward) -> None:
    """Let those handlers alone read and send through hooks that read or send at all.

    Args:
        endpoints: all of them; those outside of the hooks stay as they are.
        wraps: what the hooks put around `receive`.
        onward: what they put around `send`.
    """
    limited, sending = partial(_limited, _in_one(wraps)), partial(sending_through, onward)
    for endpoint in endpoints:
        for method, handler in endpoint.handlers.items() if not endpoint.outside else ():
            if method == "WEBSOCKET":
                continue
            if not isinstance(handler, Later):
                endpoint.handlers[method] = limited(sending(handler))
                continue
            passing = handler.through(sending) if handler.sends else handler
            if wraps and handler.reads_body:
                passing = passing.through(limited)
            endpoint.handlers[method] = passing


def sending_through(onward: Onward, handler: Handler) -> Handler:
    """Return a handler that sends through hooks, as WebSockets of a mounted app do already."""

    def sending(
        scope: Scope, receive: Receive, send: Send, values: Any
    ) -> Awaitable[ASGIApp | None]:
        passing = partial(onward, scope, send) if scope["type"] == "http" else send
        return handler(scope, receive, passing, values)

    return sending


def give_way(endpoints: list[Endpoint]) -> None:
    """Have what stands in for handlers give its places to them, once they are made."""
    for endpoint in endpoints:
        for method, handler in endpoint.handlers.items():
            if isinstance(handler, Later):
                handler.gives_way(endpoint.handlers, method)


def _limited(wrap: Wrap, handler: Handler) -> Handler:
    def limited(
        scope: Scope, receive: Receive, send: Send, values: Any
    ) -> Awaitable[ASGIApp | None]:
        # A mounted app takes WebSockets too, which have had theirs.
        if scope["type"] == "http":
            receive = wrap(scope, receive)
        return handler(scope, receive, send, values)

    return limited


def _in_one(wraps: list[Wrap]) -> Wrap:
    if len(wraps) == 1:
        return wraps[0]

    def wrap(scope: Scope, receive: Receive) -> Receive:
        for each in wraps:
            receive = each(scope, receive)
        return receive

    return wrap


def wrapped(app: ASGIApp, layers: tuple[Layer, ...]) -> ASGIApp:
    """Put layers around an app, the first outermost.

    Raises:
        ProjectError: a layer that cannot be made.
    """
    for layer in reversed(layers):
        try:
            app = layer.wrap(app)
        except Exception as error:
            raise ProjectError(_no_layer(layer, error)) from error
    return app


def _handler(route: Route, injection: Injection) -> Handler:
    if route.method == "*":
        route = replace(route, handler=_mounted(route))
    handler = compile_route(route, injection)
    if not route.layers:
        return handler

    async def bottom(scope: Scope, receive: Receive, send: Send) -> None:
        reply = await handler(scope, receive, send, scope["zenith.values"])
        if reply is not None:
            await reply(scope, receive, send)

    layered = wrapped(bottom, route.layers)

    async def top(scope: Scope, receive: Receive, send: Send, values: Any) -> None:
        scope["zenith.values"] = values
        await layered(scope, receive, send)

    return top


def _mounted(route: Route) -> ASGIApp:
    """Hand an ASGI app what stands below its place, as `root_path` and path (ASGI 3)."""
    app: ASGIApp = route.handler
    base = sum(segment.kind != "rest" for segment in route.pattern.segments)

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        root = "/".join(path_of(scope).split("/")[: base + 1])
        above: str = scope.get("root_path", "").rstrip("/")
        await app({**scope, "root_path": above + root}, receive, send)

    return mounted


def _complete(endpoint: Endpoint) -> None:
    """Add the methods that every endpoint has: HEAD where there is GET, and OPTIONS."""
    handlers, errors = endpoint.handlers, endpoint.errors
    if "GET" in handlers:
        errors.setdefault("HEAD", errors["GET"])
        handlers.setdefault("HEAD", handlers["GET"])
    if not endpoint.is_mount:
        handlers.setdefault("OPTIONS", _options(endpoint))


def _options(endpoint: Endpoint) -> Handler:
    async def options(_: Scope, __: Receive, ___: Send, ____: Any) -> Reply:
        return reply(204, [(b"allow", endpoint.allow.encode())])

    return options


def _no_layer(layer: Layer, error: Exception) -> Fault:
    return Fault(
        f"The layer {layer.name} cannot be put around the app",
        (str(layer.origin),),
        f"{type(error).__name__}: {error}",
        ("A layer takes the app below it, and the options that it was declared with.",),
        error,
    )
