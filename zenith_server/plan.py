"""What the server will do, decided and frozen: every part with the place that it comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from zenith_server.figures import Family
from zenith_server.names import Pattern
from zenith_server.protocol import ASGIApp, Headers, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from zenith_server.reply import Reply
    from zenith_server.running import Running


class Origin(Struct, frozen=True):
    """Where a part was declared: a file of the project with its line, or a plugin."""

    where: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.where}:{self.line}" if self.line else self.where


class Layer(Struct, frozen=True):
    """An ASGI middleware.

    Args:
        name: what it is called in lists and in `layers:` of zenith.yaml.
        wrap: takes the app below and returns the app with this layer around it.
        origin: where it was declared.
        http_only: whether WebSockets pass it unseen.
    """

    name: str
    wrap: Callable[[ASGIApp], ASGIApp]
    origin: Origin
    http_only: bool = False


class Inline(Struct, frozen=True):
    """A part of a hook as lines of Python, which stand in the app's own function in its place.

    A call costs as much as many a layer does for an ordinary request, so that this case is spelled
    out, and the others are left to functions. The lines know `scope`; a `start` also the `value`
    of its header, a `reply` the `headers` so far and the response's `own`, a `finish` the
    `exchange` and when it `ended`.

    Args:
        text: the lines; `$name` stands for what is given under that name.
        names: what they refer to.

    Example:
        >>> Inline("headers.append($pair)", {"pair": (b"x-color", b"blue")})
    """

    text: str
    names: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Hook(Struct, frozen=True):
    """A whole-app layer that looks at the start of a request, adds headers or takes a note.

    All hooks become one function, in which a whole response passes no wrapper around `send`; a
    `Layer` costs a coroutine for each request and a wrapper for each message. `start`, `reply`,
    `finish` and `wait` can be `Inline`: such a `start` refuses by raising, such a `wait` awaits.

    Args:
        name: as for a layer.
        origin: where it was declared.
        headers: response headers that never change.
        start: sees each request and WebSocket first; a reply that it returns is the response, and
            so is the problem document of what it raises. A WebSocket is then closed.
        header: a request header, of which there may be one; `start` is then given its value too,
            and called only where the header is there, unless it is `needed`.
        needed: whether `start` is called with None where the header is not there.
        reply: sees each start of a response and may add to its headers; where there is a `header`
            that is not needed, only those of requests that have it.
        finish: called once when the last part of the response was sent, or the request failed;
            the scope's `Exchange` holds what became of it.
        wait: called once all have seen the start; what it returns is awaited before the handler.
        receive: returns what the handler reads the body from, in place of the server's `receive`.
        send: sees the start of a response before `reply` does, and may replace its headers; what
            it returns, if anything, is given the `send` below and returns the one to use.
        smallest: of whole responses, `send` sees those only that have so many bytes.
        cancelled: sees that the handler was cancelled; an exception that it returns is answered,
            otherwise the request stays cancelled.
        only: the kind of connection that it is for, if it is not for both.
        running: where each request is kept while it is answered; that of the draft, or none.
    """

    name: str
    origin: Origin
    headers: tuple[tuple[bytes, bytes], ...] = ()
    start: Callable[..., Reply | None] | Inline | None = None
    reply: Callable[[Scope, Message, Headers], None] | Inline | None = None
    finish: Callable[[Scope], None] | Inline | None = None
    wait: Callable[[Scope], Awaitable[None] | None] | Inline | None = None
    receive: Callable[[Scope, Receive], Receive] | None = None
    send: Callable[[Scope, Message], Callable[[Send], Send] | None] | None = None
    cancelled: Callable[[Scope], Exception | None] | None = None
    header: bytes = b""
    needed: bool = False
    smallest: int = 0
    only: Literal["", "http", "websocket"] = ""
    running: Running | None = None


class Guard(Struct, frozen=True):
    """A function that runs before a handler, injected like one; what it raises is the answer."""

    call: Callable[..., Any]
    origin: Origin


class ErrorMapping(Struct, frozen=True):
    """Which function turns an exception into a response.

    Args:
        exception: the class, or its dotted name where it may never be imported.
        handler: takes the exception first; its other parameters are injected. What it returns is
            the response.
        origin: where it was declared.
    """

    exception: type[Exception] | str
    handler: Callable[..., Any]
    origin: Origin


End = Callable[[Any, Scope, BaseException | None], Awaitable[None] | None]


class Provider(Struct, frozen=True):
    """Something that a parameter can ask for by its type.

    Args:
        types: dotted names of the types, so that none is imported before somebody asks.
        make: called once, when the first parameter asks; returns the function that makes the
            value. Its parameters are injected too, and `scope` and `receive` are the protocol's.
        origin: where it was declared.
        marker: the key of a default value that asks for it as well.
        per: whether each request has a value of its own, or the whole app one.
        is_context: whether the function returns an async context manager around the value.
        end: called once, as `make`; returns what is called with the value, the scope and the
            exception that ended the request, if any. What that returns, if anything, is awaited
            before the response: dearer to write than a context manager, and cheaper for what is
            often not used.
    """

    types: tuple[str, ...]
    make: Callable[[], Callable[..., Any]]
    origin: Origin
    marker: str = ""
    per: Literal["app", "request"] = "request"
    is_context: bool = False
    end: Callable[[], End] | None = None


class Service(Struct, frozen=True):
    """A class of the project, made once (or once a request) and injected by its type."""

    cls: type[Any]
    origin: Origin


class Check(Struct, frozen=True):
    """One thing that health depends on: the coroutine raises when it is not well."""

    name: str
    call: Callable[[], Awaitable[str]]
    origin: Origin


class Lifespan(Struct, frozen=True):
    """Something open while the app runs: entered at start in plan order, closed in reverse."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Any]]
    origin: Origin


class Preparation(Struct, frozen=True):
    """A step before any worker serves, run once per start: returns a line for the banner."""

    name: str
    run: Callable[[], Awaitable[str]]
    origin: Origin


class Route(Struct, frozen=True):
    """One handler for one method of one pattern.

    Args:
        pattern: the URLs.
        method: an HTTP method, `WEBSOCKET`, or `*` for an ASGI app that takes everything.
        handler: the function, or the ASGI app.
        origin: where it stands.
        layers: its own middleware, outermost first.
        guards: what runs before it, outermost first.
        errors: its own exception mappings, nearest first.
        outside: whether it is answered before any hook and layer, as health is.
    """

    pattern: Pattern
    method: str
    handler: Callable[..., Any]
    origin: Origin
    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    errors: tuple[ErrorMapping, ...] = ()
    outside: bool = False


class Choice(Struct, frozen=True):
    """Where else to look for a path that no route answers.

    Args:
        look: takes the scope and the decoded segments and returns others, or nothing; what it
            raises is the answer.
        origin: where it was declared.
    """

    look: Callable[[Scope, list[str]], list[str] | None]
    origin: Origin


class Idle(Struct, frozen=True):
    """A part that is on and has nothing to do.

    Args:
        name: the layer or feature.
        reason: what would have to be set for it to do something.
    """

    name: str
    reason: str


class Fact(Struct, frozen=True):
    """One row of the banner, asked for when the app serves."""

    label: str
    value: Callable[[], str]


Measure = Callable[[], Iterable[Family]]
"""Tells what was counted so far in this process; called in any thread, whenever somebody asks."""


class Plan(Struct, frozen=True):
    """All parts of the server in their order. Nothing decides any more after this."""

    routes: tuple[Route, ...] = ()
    layers: tuple[Layer, ...] = ()
    hooks: tuple[Hook, ...] = ()
    guards: tuple[Guard, ...] = ()
    errors: tuple[ErrorMapping, ...] = ()
    providers: tuple[Provider, ...] = ()
    services: tuple[Service, ...] = ()
    checks: tuple[Check, ...] = ()
    lifespans: tuple[Lifespan, ...] = ()
    preparations: tuple[Preparation, ...] = ()
    drains: tuple[Callable[[], None], ...] = ()
    facts: tuple[Fact, ...] = ()
    idle: tuple[Idle, ...] = ()
    choices: tuple[Choice, ...] = ()
    measures: tuple[Measure, ...] = ()

    def guarded(self) -> tuple[Route, ...]:
        """Return the routes, each handler with the guards of all of them before its own."""
        return tuple(
            route
            if route.outside or route.method == "*"
            else replace(route, guards=(*self.guards, *route.guards))
            for route in self.routes
        )


def name_of(call: Callable[..., Any]) -> str:
    """Return what a callable is called in messages."""
    return getattr(call, "__qualname__", None) or type(call).__qualname__
