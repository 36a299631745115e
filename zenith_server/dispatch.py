"""Plan in, ASGI app out. After this nothing decides any more: per request there are only calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from zenith_server.errors import Fault, ProjectError
from zenith_server.inject import Handler, Injection, compile_error, compile_route
from zenith_server.names import Pattern
from zenith_server.plan import ErrorMapping, Layer, Lifespan, Plan, Route
from zenith_server.problems import BadRequest, HTTPException, MethodNotAllowed, NotFound
from zenith_server.protocol import ASGIApp, Message, Receive, Scope, Send, reply
from zenith_server.request import ClientDisconnected, decoded

log = logging.getLogger("zenith_server")

ErrorHandlers = Callable[[Exception], Handler | None]


@dataclass(slots=True)
class Endpoint:
    """All methods of one pattern, so that no other pattern can answer for it."""

    pattern: Pattern
    handlers: dict[str, Handler] = field(default_factory=dict)
    errors: dict[str, ErrorHandlers] = field(default_factory=dict)
    outside: bool = False

    @property
    def allow(self) -> str:
        """The value of the Allow header."""
        methods = set(self.handlers) - {"WEBSOCKET", "*"} | {"OPTIONS"}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


@dataclass(slots=True)
class _Node:
    static: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: Endpoint | None = None
    endpoint: Endpoint | None = None


class Router:
    """Finds the endpoint of a path: a look-up for fixed URLs, a segment tree for the rest.

    In each segment fixed text comes before a parameter, and a parameter before a catch-all; where
    the better branch leads nowhere, the next one is tried.
    """

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self.static = {str(e.pattern): e for e in endpoints if e.pattern.is_static}
        self.root = _Node()
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        node = self.root
        for segment in endpoint.pattern.segments:
            if segment.kind == "rest":
                node.rest = endpoint
                return
            if segment.kind == "static":
                node = node.static.setdefault(segment.name, _Node())
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.endpoint = endpoint

    def find(self, segments: list[str]) -> tuple[Endpoint, tuple[str, ...]] | None:
        """Return the endpoint of decoded segments and the values of its parameters."""
        return _find(self.root, segments, 0, ())


def _find(
    node: _Node, segments: list[str], index: int, values: tuple[str, ...]
) -> tuple[Endpoint, tuple[str, ...]] | None:
    if index == len(segments):
        return (node.endpoint, values) if node.endpoint is not None else None
    segment = segments[index]
    below = node.static.get(segment)
    if below is not None and (found := _find(below, segments, index + 1, values)) is not None:
        return found
    if node.parameter is not None and segment:
        found = _find(node.parameter, segments, index + 1, (*values, segment))
        if found is not None:
            return found
    if node.rest is not None and any(segments[index:]):
        return node.rest, (*values, "/".join(segments[index:]))
    return None


class Dispatcher:
    """The ASGI app of a plan.

    Args:
        plan: what to serve.
        injection: what handlers may ask for.

    Raises:
        ProjectError: handlers that cannot be compiled; every fault of every route at once.
    """

    def __init__(self, plan: Plan, injection: Injection) -> None:
        self.plan = plan
        self.injection = injection
        self._errors = _ErrorTables(plan.errors, injection)
        self._fallback = self._errors.of(())
        endpoints = _endpoints(plan.routes, injection, self._errors)
        self.outside = {str(e.pattern): e for e in endpoints if e.outside}
        self.router = Router([endpoint for endpoint in endpoints if not endpoint.outside])
        self._inner = _wrapped(self._route, plan.layers)
        self._starts = [hook.start for hook in plan.hooks if hook.start]
        self._replies = [hook.reply for hook in plan.hooks if hook.reply]
        self._finishes = [hook.finish for hook in plan.hooks if hook.finish]
        self._headers = [pair for hook in plan.hooks for pair in hook.headers]

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the rows of the banner that the app knows itself."""
        return tuple((fact.label, fact.value()) for fact in self.plan.facts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3)."""
        kind = scope["type"]
        if kind == "http":
            endpoint = self.outside.get(scope["path"]) if self.outside else None
            if endpoint is not None:
                await self._run(endpoint, (), scope, receive, send)
            else:
                await self._hooked(scope, receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        elif kind == "lifespan":
            await _lifespan(self.plan.lifespans, receive, send)

    async def _hooked(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run all hooks with one wrapper around `send`, and answer what got past the layers."""
        # A list, because layers copy the scope and all copies must see the same flag.
        started = scope["zenith.started"] = [False]
        replies, headers = self._replies, self._headers

        async def send_hooked(message: Message) -> None:
            if message["type"] == "http.response.start":
                started[0] = True
                # A new message: handlers may send one that they keep.
                merged = [*message["headers"], *headers]
                for add in replies:
                    add(scope, message, merged)
                message = {**message, "headers": merged}
            await send(message)

        try:
            for start in self._starts:
                answer = start(scope)
                if answer is not None:
                    await send_hooked(answer.start)
                    await send_hooked(answer.body)
                    return
            await self._inner(scope, receive, send_hooked)
        except ClientDisconnected:
            return
        except Exception as error:
            await self._fail(error, self._fallback, scope, receive, send_hooked)
        finally:
            for finish in self._finishes:
                finish(scope)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(start(scope) is not None for start in self._starts):
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._inner(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope.get("root_path"):
            path = path.removeprefix(scope["root_path"].rstrip("/")) or "/"
        raw: bytes | None = scope.get("raw_path")
        is_plain = raw is None or b"%" not in raw
        endpoint = self.router.static.get(path) if is_plain else None
        if endpoint is not None:
            await self._run(endpoint, (), scope, receive, send)
            return
        try:
            segments = path[1:].split("/") if is_plain else _decoded(scope, raw or b"")
            found = self.router.find(segments if segments != [""] else [])
            if found is None:
                raise NotFound(f"There is nothing at {scope['path']}")
            _refuse_traversal(found[1])
        except (NotFound, BadRequest) as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
                return
            await self._fail(error, self._fallback, scope, receive, send)
            return
        await self._run(found[0], found[1], scope, receive, send)

    async def _run(
        self,
        endpoint: Endpoint,
        values: tuple[str, ...],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
        handlers = endpoint.handlers
        handler = handlers.get(method) or handlers.get("*")
        if handler is None:
            await self._no_method(endpoint, values, scope, receive, send)
            return
        errors = endpoint.errors.get(method) or endpoint.errors.get("*", self._fallback)
        try:
            await handler(scope, receive, send, values)
        except ClientDisconnected:
            return
        except Exception as error:
            if scope["type"] == "websocket":
                await _close(error, send)
            else:
                await self._fail(error, errors, scope, receive, send)

    async def _no_method(
        self,
        endpoint: Endpoint,
        values: tuple[str, ...],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] == "HEAD" and "GET" in endpoint.handlers:
            await self._run(endpoint, values, {**scope, "method": "GET"}, receive, _headless(send))
        elif scope["method"] == "OPTIONS":
            answer = reply(204, [(b"allow", endpoint.allow.encode())])
            await send(answer.start)
            await send(answer.body)
        else:
            error = MethodNotAllowed(
                f"{endpoint.pattern} does not take {scope['method']}", {"allow": endpoint.allow}
            )
            await self._fail(error, self._fallback, scope, receive, send)

    async def _fail(
        self,
        error: Exception,
        errors: ErrorHandlers,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        handler = errors(error)
        if handler is None or scope.get("zenith.started", (False,))[0]:
            # Half a response is out; only a broken connection tells the client the truth.
            raise error
        try:
            await handler(scope, receive, send, error)
        except Exception as second:
            fallback = self._fallback(second)
            if fallback is None or errors is self._fallback:
                raise
            await fallback(scope, receive, send, second)


def _decoded(scope: Scope, raw: bytes) -> list[str]:
    """Split before decoding: an encoded slash is part of a value, not a boundary."""
    prefix = scope.get("root_path", "").rstrip("/").encode()
    path = raw.partition(b"?")[0].removeprefix(prefix)
    return [decoded(part) for part in path[1:].split(b"/")]


def _refuse_traversal(values: tuple[str, ...]) -> None:
    """Refuse what would lead a handler out of a folder to which it adds the value."""
    for value in values:
        if "\0" in value:
            raise BadRequest("The URL holds a NUL character")
        if "\ufffd" in value:
            raise BadRequest("The URL is not valid UTF-8")
        if value[0] in "/\\" or ".." in value.replace("\\", "/").split("/"):
            raise BadRequest("The URL leads out of its folder")


def _headless(send: Send) -> Send:
    """Send a GET's response without its body (RFC 9110, 9.3.2)."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


async def _close(error: Exception, send: Send) -> None:
    refused = isinstance(error, HTTPException)
    if not refused:
        log.error("A WebSocket handler failed", exc_info=error)
    await send({"type": "websocket.close", "code": 1008 if refused else 1011})


# --- building ---


def _wrapped(app: ASGIApp, layers: tuple[Layer, ...]) -> ASGIApp:
    for layer in reversed(layers):
        app = layer.wrap(app)
    return app


def _endpoints(
    routes: tuple[Route, ...], injection: Injection, errors: _ErrorTables
) -> list[Endpoint]:
    found: dict[tuple[str, ...], Endpoint] = {}
    faults: list[Fault] = []
    for route in routes:
        endpoint = found.setdefault(route.pattern.shape, Endpoint(route.pattern))
        endpoint.outside = endpoint.outside or route.outside
        try:
            endpoint.handlers[route.method] = _handler(route, injection)
        except ProjectError as error:
            faults.extend(error.faults)
        endpoint.errors[route.method] = errors.of(route.errors)
    if faults:
        raise ProjectError(*dict.fromkeys(faults))
    return list(found.values())


def _handler(route: Route, injection: Injection) -> Handler:
    handler = _mounted(route) if route.method == "*" else compile_route(route, injection)[0]
    if not route.layers:
        return handler

    async def bottom(scope: Scope, receive: Receive, send: Send) -> None:
        await handler(scope, receive, send, scope["zenith.values"])

    layered = _wrapped(bottom, route.layers)

    async def top(scope: Scope, receive: Receive, send: Send, values: Any) -> None:
        scope["zenith.values"] = values
        await layered(scope, receive, send)

    return top


def _mounted(route: Route) -> Handler:
    """Hand an ASGI app what stands below its place, as `root_path` and path (ASGI 3)."""
    app: ASGIApp = route.handler
    base = len([s for s in route.pattern.segments if s.kind == "static"])

    async def mounted(scope: Scope, receive: Receive, send: Send, values: Any) -> None:
        root = "/" + "/".join(scope["path"].split("/")[1 : base + 1])
        await app({**scope, "root_path": scope.get("root_path", "") + root}, receive, send)

    return mounted


class _ErrorTables:
    """Exception mappings compiled once each, and looked up by the exception's class."""

    def __init__(self, shared: tuple[ErrorMapping, ...], injection: Injection) -> None:
        self._shared = shared
        self._injection = injection
        self._compiled: dict[ErrorMapping, Handler] = {}

    def of(self, own: tuple[ErrorMapping, ...]) -> ErrorHandlers:
        """Return the look-up for a route: its own mappings first, then everybody's."""
        own_table = {m.exception: self._handler(m) for m in reversed(own)}
        shared_table = {m.exception: self._handler(m) for m in reversed(self._shared)}
        cache: dict[type[Exception], Handler | None] = {}

        def find(error: Exception) -> Handler | None:
            kind = type(error)
            if kind not in cache:
                cache[kind] = _nearest(kind, own_table) or _nearest(kind, shared_table)
            return cache[kind]

        return find

    def _handler(self, mapping: ErrorMapping) -> Handler:
        if mapping not in self._compiled:
            self._compiled[mapping] = compile_error(
                mapping.handler, mapping.origin, self._injection
            )
        return self._compiled[mapping]


def _nearest(
    kind: type[Exception], table: Mapping[type[Exception] | str, Handler]
) -> Handler | None:
    for base in kind.__mro__:
        found = table.get(base) or table.get(f"{base.__module__}.{base.__qualname__}")
        if found is not None:
            return found
    return None


# --- lifespan ---


async def _lifespan(lifespans: tuple[Lifespan, ...], receive: Receive, send: Send) -> None:
    """Open everything in plan order, and close it in reverse (ASGI lifespan)."""
    await receive()
    async with AsyncExitStack() as stack:
        for lifespan in lifespans:
            try:
                await stack.enter_async_context(lifespan.open())
            except Exception as error:
                await stack.aclose()
                log.error("%s did not start", lifespan.name, exc_info=error)
                message = f"{lifespan.name} did not start: {error}"
                await send({"type": "lifespan.startup.failed", "message": message})
                return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await stack.aclose()
        except Exception as error:
            log.exception("Something did not close")
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            return
    await send({"type": "lifespan.shutdown.complete"})

