"""Plan in, ASGI app out. After this nothing decides any more: per request there are only calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from zenith_server.dispatch import lifespan
from zenith_server.dispatch.endpoints import (
    Onward,
    endpoints_of,
    give_way,
    pass_hooks,
    sending_through,
    wrapped,
)
from zenith_server.dispatch.error_tables import ErrorTables
from zenith_server.dispatch.failures import Failures
from zenith_server.dispatch.hook_code import finished, hooked, started
from zenith_server.dispatch.outline import Outline, outline
from zenith_server.dispatch.paths import (
    path_of,
    refuse_traversal,
    segments_of,
    without_slash,
)
from zenith_server.dispatch.pieces import headless, through
from zenith_server.dispatch.sockets import Socket
from zenith_server.dispatch.tree import Endpoint, Found, Router
from zenith_server.exchange import EXCHANGE
from zenith_server.figures import Family
from zenith_server.handlers.inject import Injection
from zenith_server.handlers.later import Handler, Later
from zenith_server.handlers.request import PERCENT, ClientDisconnected
from zenith_server.names import Pattern
from zenith_server.plan import Plan
from zenith_server.problems import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    nothing_at,
)
from zenith_server.protocol import ASGIApp, Receive, Scope, Send
from zenith_server.reply import Reply, reply

T = TypeVar("T")
Answer = tuple[Handler, Any, Endpoint | None]


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
        self._failures = Failures(errors.of(()))
        endpoints = endpoints_of(plan.guarded(), injection, errors)
        onward = through(plan.hooks)
        self._sending: Callable[[Handler], Handler] | None = None
        if plan.hooks and not plan.layers:
            pass_hooks(endpoints, [hook.receive for hook in plan.hooks if hook.receive], onward)
            self._sending = partial(sending_through, onward)
        self._refusals: dict[type[HTTPException], Handler] = {}
        give_way(endpoints)
        self.router = Router(endpoints)
        self._static = self.router.static
        self._inner = wrapped(self._route, plan.layers)
        on_sockets = [hook for hook in plan.hooks if hook.only != "http"]
        self._starts = [started(hook) for hook in on_sockets if hook.start]
        self._receives = [hook.receive for hook in on_sockets if hook.receive]
        self._finishes = [finish for hook in on_sockets if (finish := finished(hook))]
        self._choices = [choice.look for choice in plan.choices]
        if plan.hooks or plan.layers:
            self._layer(onward)

    def _layer(self, onward: Onward) -> None:
        """Let the compiled function of all hooks be the app itself.

        A method that calls it would be one coroutine more for each request.
        """
        inner = self._inner if self.plan.layers else None
        call = hooked(
            *(self.plan.hooks, self._find, inner, self._failures),
            onward=onward,
            static=self._static,
            bare=Dispatcher.__call__,
        )
        own = type("Dispatcher", (Dispatcher,), {"__call__": call})
        object.__setattr__(self, "__class__", own)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the rows of the banner that the app knows itself."""
        return tuple((fact.label, fact.value()) for fact in self.plan.facts)

    def outline(self) -> Outline:
        """Return the routes in short, to be compared with those after a reload."""
        return outline(self.plan.routes)

    def figures(self) -> list[Family]:
        """Return what the parts have counted in this process."""
        return [family for measure in self.plan.measures for family in measure()]

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
            send = headless(send)
        # As in `_route`, which would be one coroutine more for each request.
        handler, values, endpoint = self._find(scope)
        try:
            answer = await handler(scope, receive, send, values)
            if not isinstance(answer, Reply):
                if answer is not None:
                    await answer(scope, receive, send)
                return
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            answer = await self._failures.answer(error, endpoint, scope, receive, send)
            if answer is None:
                return
        # As in the reply itself.
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan.run(self.plan.lifespans, receive, send)
            for hook in self.plan.hooks:
                if hook.running is not None:
                    hook.running.stop()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run all hooks; see to it that the connection is closed, once, and says why."""
        socket = Socket(scope, receive, send)
        try:
            if any(start(scope) is not None for start in self._starts):
                await socket.close(1008)
            else:
                receive = socket.receive
                for wrap in self._receives:
                    receive = wrap(scope, receive)
                await self._inner(scope, receive, socket.send)
                await socket.close(1000)
        except Exception as error:  # noqa: BLE001 - whatever a layer raises closes the connection
            await self._failures.close(error, None, scope, receive)
        finally:
            for finish in self._finishes:
                finish(scope)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what got past the hooks and layers."""
        handler, values, endpoint = self._find(scope)
        scope[EXCHANGE].endpoint = endpoint
        answer: ASGIApp | None
        try:
            answer = await handler(scope, receive, send, values)
            if answer is not None:
                await answer(scope, receive, send)
        except ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - whatever a handler raises gets an answer
            if scope["type"] == "websocket":
                await self._failures.close(error, endpoint, scope, receive)
                return
            answer = await self._failures.answer(error, endpoint, scope, receive, send)
            if answer is not None:
                await answer(scope, receive, send)

    def _find(self, scope: Scope) -> Answer:
        """Return what answers a request, with which values; a refusal is an answer too.

        Nothing is raised, because an exception costs more than the rest of a 404.
        """
        method: str = scope.get("method", "WEBSOCKET")
        raw: bytes | None = scope.get("raw_path")
        found: Found | None
        try:
            if raw is not None and PERCENT in raw:
                found = self._search(scope, segments_of(scope))
            else:
                path: str = path_of(scope) if scope.get("root_path") else scope["path"]
                endpoint = self._static.get(path)
                if endpoint is not None:
                    found = endpoint, ()
                else:
                    found = self._search(scope, path[1:].split("/") if len(path) > 1 else [])
        except BadRequest as error:
            return self._refusal(error, method)
        if found is None:
            return self._refusal(nothing_at(scope["path"]), method)
        endpoint, values = found
        handler = endpoint.handlers.get(method) or endpoint.handlers.get("*")
        if handler is None:
            return self._refusal(_no_method(endpoint, method), method)
        return handler, values, endpoint

    def _refusal(self, error: HTTPException, method: str) -> Answer:
        """Return what answers a request that no handler takes."""
        if method == "WEBSOCKET":
            return self._failures.refuse, error, None
        handler = self._refusals.get(type(error))
        if handler is None:
            handler = self._refusals[type(error)] = self._refusing(error)
        return handler, error, None

    def _refusing(self, error: HTTPException) -> Handler:
        handler = self._failures.handler(error) or self._failures.refuse
        if isinstance(handler, Later):
            if not handler.sends:
                return handler.made()
            handler = handler.made()
        return self._sending(handler) if self._sending is not None else handler

    def _search(self, scope: Scope, segments: list[str]) -> Found | None:
        """Return the endpoint of segments and the values of its parameters, or nothing.

        Raises:
            BadRequest: the path cannot be decoded, or leads out of its folder.
        """
        found = self.router.find(segments)
        if found is None:
            found = self._find_slashed(segments) or (
                self._chosen(scope, segments) if self._choices else None
            )
        path: str = scope["path"]
        if found is None or (path and path[0] != "/"):
            return None
        for value in found[1]:
            # Nearly every value is a number or a name, which holds nothing to refuse.
            if not value.isalnum() and not found[0].is_mount:
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


def _no_method(endpoint: Endpoint, method: str) -> HTTPException:
    if method == "WEBSOCKET":
        return NotFound(f"{endpoint.url} takes no WebSockets")
    return MethodNotAllowed(f"{endpoint.url} does not take {method}", {"allow": endpoint.allow})


async def _redirect(scope: Scope, _: Receive, __: Send, ___: Any) -> Reply:
    """Lead a request to the same URL without its last slash (RFC 9110, 15.4.9)."""
    if scope["type"] == "websocket":
        raise nothing_at(scope["path"])
    return reply(308, [(b"location", without_slash(scope))])


_SLASHED = Endpoint(Pattern(), {"*": _redirect})
_SLASHED.url = ""  # it stands for no route
