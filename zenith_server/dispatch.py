"""Plan in, ASGI app out. After this nothing decides any more: per request there are only calls."""

from __future__ import annotations

import logging
from typing import Any, TypeVar, cast

from zenith_server import lifespan
from zenith_server.endpoints import endpoints_of, wrapped
from zenith_server.error_tables import ErrorTables
from zenith_server.inject import Handler, Injection
from zenith_server.names import Pattern
from zenith_server.paths import path_of, refuse_traversal, segments_of, split, without_slash
from zenith_server.plan import Plan
from zenith_server.problems import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    nothing_at,
)
from zenith_server.protocol import Message, Receive, Scope, Send, reply
from zenith_server.request import ClientDisconnected
from zenith_server.sockets import Socket
from zenith_server.tree import Endpoint, ErrorHandlers, Found, Router

log = logging.getLogger("zenith_server")

T = TypeVar("T")
Answer = tuple[Handler, Any, Endpoint]


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
        endpoints = endpoints_of(plan.guarded(), injection, errors)
        self.outside = frozenset(str(e.pattern) for e in endpoints if e.outside)
        self.router = Router(endpoints)
        self._inner = wrapped(self._route, plan.layers)
        self._starts = [hook.start for hook in plan.hooks if hook.start]
        self._replies = [hook.reply for hook in plan.hooks if hook.reply]
        self._finishes = [hook.finish for hook in plan.hooks if hook.finish]
        self._headers = [pair for hook in plan.hooks for pair in hook.headers]
        self._choices = [choice.look for choice in plan.choices]
        self._is_layered = bool(plan.hooks or plan.layers)

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
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            send = _headless(send)
        if self._is_layered and path_of(scope) not in self.outside:
            await self._hooked(scope, receive, send)
            return
        # As in `_route`, which would be one coroutine more for each request.
        handler, values, endpoint = self._find(scope)
        try:
            await handler(scope, receive, send, values)
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            await self._failed(error, endpoint, scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
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
                    await answer.to(send_hooked)
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
        """Run all hooks; see to it that the connection is closed, once, and says why."""
        socket = Socket(scope, receive, send)
        try:
            if any(start(scope) is not None for start in self._starts):
                await socket.close(1008)
            else:
                await self._inner(scope, socket.receive, socket.send)
                await socket.close(1000)
        except Exception as error:  # noqa: BLE001 - whatever a layer raises closes the connection
            await self._fail_socket(error, self._fallback, scope, receive)
        finally:
            for finish in self._finishes:
                finish(scope)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what got past the hooks and layers."""
        handler, values, endpoint = self._find(scope)
        try:
            await handler(scope, receive, send, values)
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            await self._failed(error, endpoint, scope, receive, send)

    def _find(self, scope: Scope) -> Answer:
        """Return what answers a request, with which values; a refusal is an answer too.

        Nothing is raised, because an exception costs more than the rest of a 404.
        """
        try:
            found = self._endpoint(scope)
        except BadRequest as error:
            return self._refuse, error, _NOWHERE
        if found is None:
            return self._refuse, nothing_at(scope["path"]), _NOWHERE
        endpoint, values = found
        method: str = scope.get("method", "WEBSOCKET")
        handler = endpoint.handlers.get(method) or endpoint.handlers.get("*")
        if handler is None:
            return self._refuse, _no_method(endpoint, method), _NOWHERE
        return handler, values, endpoint

    def _endpoint(self, scope: Scope) -> Found | None:
        """Return the endpoint of a path and the values of its parameters, or nothing.

        A redirect stands in for what would be found without the last slash.

        Raises:
            BadRequest: the path cannot be decoded, or leads out of its folder.
        """
        raw: bytes | None = scope.get("raw_path")
        if raw is None or b"%" not in raw:
            path: str = path_of(scope) if scope.get("root_path") else scope["path"]
            endpoint = self.router.static.get(path)
            if endpoint is not None:
                return endpoint, ()
            segments = split(path)
        else:
            segments = segments_of(scope)
        found = self._found(segments)
        if found is None and self._choices:
            found = self._chosen(scope, segments)
        if found is None or scope["path"][:1] not in _STARTS:
            return None
        if found[1] and not found[0].is_mount:
            refuse_traversal(found[1])
        return found

    def _found(self, segments: list[str]) -> Found | None:
        return self.router.find(segments) or self._find_slashed(segments)

    def _chosen(self, scope: Scope, segments: list[str]) -> Found | None:
        """Return what answers the path elsewhere, as in the version that a header names.

        Raises:
            BadRequest: the request names what there is not.
        """
        others = (look(scope, segments) for look in self._choices)
        return next((found for other in others if other and (found := self._found(other))), None)

    def _find_slashed(self, segments: list[str]) -> Found | None:
        """Return a redirect in place of what would be found without the last slash.

        A path that starts with two slashes is none, because browsers read it as a host.
        """
        if len(segments) < 2 or segments[-1] or not segments[0]:
            return None
        found = self.router.find(segments[:-1])
        if found is None or found[0].outside:
            return None
        refuse_traversal(found[1])
        return _SLASHED, ()

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, error: HTTPException
    ) -> None:
        if scope["type"] == "websocket":
            await self._fail_socket(error, self._fallback, scope, receive)
        else:
            await self._fail(error, self._fallback, scope, receive, send)

    async def _failed(
        self, error: Exception, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if endpoint is _NOWHERE:  # the refusal itself failed; `_refuse` has tried everything
            raise error
        method: str = scope.get("method", "WEBSOCKET")
        errors = endpoint.errors.get(method) or endpoint.errors.get("*", self._fallback)
        if scope["type"] == "websocket":
            await self._fail_socket(error, errors, scope, receive)
        else:
            await self._fail(error, errors, scope, receive, send)

    async def _fail_socket(
        self, error: Exception, errors: ErrorHandlers, scope: Scope, receive: Receive
    ) -> None:
        """Say why a WebSocket ends: by a response before the handshake, by a close code after."""
        socket: Socket = scope["zenith.socket"]
        if _is_goodbye(error):
            return
        if socket.can_deny:
            await self._fail(error, errors, scope, receive, socket.deny)
        elif isinstance(error, HTTPException):
            await socket.close(1008, error.detail)
        else:
            log.error("The WebSocket at %s failed", scope["path"], exc_info=error)
            await socket.close(1011)

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


def _no_method(endpoint: Endpoint, method: str) -> HTTPException:
    if method == "WEBSOCKET":
        return NotFound(f"{endpoint.url} takes no WebSockets")
    return MethodNotAllowed(f"{endpoint.url} does not take {method}", {"allow": endpoint.allow})


def _is_goodbye(error: Exception) -> bool:
    """Whether an exception only says that the client of a WebSocket has gone."""
    from starlette.websockets import WebSocketDisconnect

    if isinstance(error, ExceptionGroup):
        group = cast("ExceptionGroup[Exception]", error)
        return all(map(_is_goodbye, group.exceptions))
    return isinstance(error, WebSocketDisconnect | ClientDisconnected)


def _headless(send: Send) -> Send:
    """Send a response to HEAD without its body (RFC 9110, 9.3.2); a stream ends at once."""

    async def send_head(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({"type": "http.response.body", "body": b""})
        if message.get("more_body", False):
            raise ClientDisconnected

    return send_head


def _log_late(error: Exception, scope: Scope) -> None:
    """Some servers say nothing about an app that raises, and the answer cannot say it any more."""
    where = f"{scope['method']} {scope['path']}"
    request_id = scope.get("request_id")
    log.error("%s failed half-way, request %s", where, request_id, exc_info=error)


async def _redirect(scope: Scope, _: Receive, send: Send, __: Any) -> None:
    """Lead a request to the same URL without its last slash (RFC 9110, 15.4.9)."""
    if scope["type"] == "websocket":
        raise nothing_at(scope["path"])
    await reply(308, [(b"location", without_slash(scope))]).to(send)


_SLASHED = Endpoint(Pattern(), {"*": _redirect})
_NOWHERE = Endpoint(Pattern())
_STARTS = ("/", "")
