"""Plan in, ASGI app out. After this nothing decides any more: per request there are only calls."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from zenith_server import lifespan
from zenith_server.error_tables import ErrorTables
from zenith_server.errors import Fault, ProjectError
from zenith_server.inject import Handler, Injection, compile_route
from zenith_server.plan import Layer, Plan, Route
from zenith_server.problems import BadRequest, HTTPException, MethodNotAllowed, NotFound
from zenith_server.protocol import ASGIApp, Message, Receive, Reply, Scope, Send, reply
from zenith_server.request import ClientDisconnected, decoded
from zenith_server.tree import Endpoint, ErrorHandlers, Router

log = logging.getLogger("zenith_server")

T = TypeVar("T")


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
        errors = ErrorTables(plan.errors, injection)
        self._fallback = errors.of(())
        self._any = self._fallback(Exception())
        endpoints = _endpoints(plan.routes, injection, errors)
        self.outside = {str(e.pattern): e for e in endpoints if e.outside}
        self.router = Router([endpoint for endpoint in endpoints if not endpoint.outside])
        self._inner = _wrapped(self._route, plan.layers)
        self._starts = [hook.start for hook in plan.hooks if hook.start]
        self._replies = [hook.reply for hook in plan.hooks if hook.reply]
        self._finishes = [hook.finish for hook in plan.hooks if hook.finish]
        self._headers = [pair for hook in plan.hooks for pair in hook.headers]
        self._http = self._hooked if plan.hooks or plan.layers else self._inner

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the rows of the banner that the app knows itself."""
        return tuple((fact.label, fact.value()) for fact in self.plan.facts)

    def drain(self) -> None:
        """Tell the parts that asked to know: the process has been told to stop."""
        for call in self.plan.drains:
            call()

    def get(self, cls: type[T]) -> T:
        """Return a service, or an app-wide value that a plugin provides, by its type.

        Raises:
            KeyError: there is none of this type, or each request has one of its own.

        Example:
            >>> clock = app.get(Clock)
        """
        known = self.injection.container.known
        dotted = f"{cls.__module__}.{cls.__qualname__}"
        return self.injection.container.get(known.services.get(cls) or known.providers[dotted])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3)."""
        kind = scope["type"]
        if kind == "http":
            endpoint = self.outside.get(scope["path"])
            if endpoint is not None:
                await self._run(endpoint, (), scope, receive, send)
            else:
                await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        elif kind == "lifespan":
            await lifespan.run(self.plan.lifespans, receive, send)

    async def _hooked(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run all hooks with one wrapper around `send`, and answer what got past the layers."""
        # Status and bytes; a list, because layers copy the scope and all copies must see the same.
        sent = scope["zenith.sent"] = [0, 0]
        replies, headers = self._replies, self._headers

        async def send_hooked(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent[0] = message["status"]
                # A new message: handlers may send one that they keep.
                merged = [*message.get("headers", ()), *headers]
                for add in replies:
                    add(scope, message, merged)
                message = {**message, "headers": merged}
            else:
                sent[1] += len(message.get("body", b""))
            await send(message)

        try:
            for start in self._starts:
                answer = start(scope)
                if answer is not None:
                    await _send(answer, send_hooked)
                    return
            await self._inner(scope, receive, send_hooked)
        except ClientDisconnected:
            return
        except Exception as error:
            if sent[0]:
                _log_late(error, scope)
                raise
            await self._fail(error, self._fallback, scope, receive, send_hooked)
        finally:
            for finish in self._finishes:
                finish(scope)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = scope["zenith.sent"] = [0, 0]

        async def send_hooked(message: Message) -> None:
            if not sent[0]:
                sent[0] = 101 if message["type"] == "websocket.accept" else 403
            await send(message)

        try:
            if any(start(scope) is not None for start in self._starts):
                await send_hooked({"type": "websocket.close", "code": 1008})
            else:
                await self._inner(scope, receive, send_hooked)
        except HTTPException:
            await send_hooked({"type": "websocket.close", "code": 1008})
        finally:
            for finish in self._finishes:
                finish(scope)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            endpoint, values = self._find(scope)
        except (NotFound, BadRequest) as error:
            await self._refuse(error, scope, receive, send)
            return
        handler = endpoint.handlers.get(scope.get("method", "WEBSOCKET"))
        if handler is None:
            await self._run(endpoint, values, scope, receive, send)
            return
        try:
            await handler(scope, receive, send, values)
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            await self._failed(error, endpoint, scope, receive, send)

    def _find(self, scope: Scope) -> tuple[Endpoint, tuple[str, ...]]:
        """Return the endpoint of a path and the values of its parameters.

        Raises:
            NotFound: no pattern matches.
            BadRequest: the path cannot be decoded, or leads out of its folder.
        """
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root:
            path = path.removeprefix(root.rstrip("/")) or "/"
        raw: bytes | None = scope.get("raw_path")
        if raw is None or b"%" not in raw:
            endpoint = self.router.static.get(path)
            if endpoint is not None:
                return endpoint, ()
            segments = path[1:].split("/")
        else:
            segments = _decoded(raw, root)
        found = self.router.find(segments if path != "/" else [])
        if found is None:
            raise NotFound(f"There is nothing at {scope['path']}")
        refuse_traversal(found[1])
        return found

    async def _run(
        self,
        endpoint: Endpoint,
        values: tuple[str, ...],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer from an endpoint, its methods and the ones that every endpoint has."""
        method: str = scope.get("method", "WEBSOCKET")
        handler = endpoint.handlers.get(method) or endpoint.handlers.get("*")
        if handler is None and method == "HEAD":
            handler, send = endpoint.handlers.get("GET"), _headless(send)
        if handler is None:
            await self._no_method(endpoint, scope, receive, send)
            return
        try:
            await handler(scope, receive, send, values)
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            await self._failed(error, endpoint, scope, receive, send)

    async def _no_method(
        self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope.get("method") == "OPTIONS":
            await _send(reply(204, [(b"allow", endpoint.allow.encode())]), send)
            return
        error = MethodNotAllowed(
            f"{endpoint.pattern} does not take {scope.get('method', 'WebSockets')}",
            {"allow": endpoint.allow},
        )
        await self._refuse(error, scope, receive, send)

    async def _refuse(
        self, error: HTTPException, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._fail(error, self._fallback, scope, receive, send)

    async def _failed(
        self, error: Exception, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "websocket":
            await _close(error, send)
        else:
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            errors = endpoint.errors.get(method) or endpoint.errors.get("*", self._fallback)
            await self._fail(error, errors, scope, receive, send)

    async def _fail(
        self, error: Exception, errors: ErrorHandlers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        handler = errors(error)
        if handler is None or scope.get("zenith.sent", (0,))[0]:
            # Half a response is out; only a broken connection tells the client the truth.
            raise error
        try:
            await handler(scope, receive, send, error)
        except Exception as second:
            # The same exception again means: not mine after all, treat it like any other.
            next_one = self._any if second is error else self._fallback(second)
            if next_one is None or next_one is handler:
                raise
            await next_one(scope, receive, send, second)


async def _send(answer: Reply, send: Send) -> None:
    await send(answer.start)
    await send(answer.body)


def _decoded(raw: bytes, root: str) -> list[str]:
    """Split before decoding: an encoded slash is part of a value, not a boundary."""
    path = raw.partition(b"?")[0].removeprefix(root.rstrip("/").encode())
    return [decoded(part) for part in path[1:].split(b"/")]


def refuse_traversal(values: tuple[str, ...]) -> None:
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


def _log_late(error: Exception, scope: Scope) -> None:
    """Some servers say nothing about an app that raises, and the answer cannot say it any more."""
    where = f"{scope['method']} {scope['path']}"
    request_id = scope.get("request_id")
    log.error("%s failed half-way, request %s", where, request_id, exc_info=error)


async def _close(error: Exception, send: Send) -> None:
    is_refusal = isinstance(error, HTTPException)
    if not is_refusal:
        log.error("A WebSocket handler failed", exc_info=error)
    await send({"type": "websocket.close", "code": 1008 if is_refusal else 1011})


# --- building ---


def _wrapped(app: ASGIApp, layers: tuple[Layer, ...]) -> ASGIApp:
    for layer in reversed(layers):
        app = layer.wrap(app)
    return app


def _endpoints(
    routes: tuple[Route, ...], injection: Injection, errors: ErrorTables
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
    base = sum(segment.kind != "rest" for segment in route.pattern.segments)

    async def mounted(scope: Scope, receive: Receive, send: Send, values: Any) -> None:
        above: str = scope.get("root_path", "")
        below = scope["path"].removeprefix(above)
        root = "/".join(below.split("/")[: base + 1])
        await app({**scope, "root_path": above + root}, receive, send)

    return mounted
