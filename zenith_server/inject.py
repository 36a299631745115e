"""Signatures become straight-line code: one coroutine function per handler.

The code is written as text, because a loop over the parameters of each request costs more than the
handler itself. `zenith-server routes --url /x --code` prints it.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import typing
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from anyio.to_thread import run_sync

from zenith_server.container import Container
from zenith_server.errors import Fault, ProjectError
from zenith_server.inputs import Reader, reader
from zenith_server.plan import Origin, Provider, Route, Service
from zenith_server.problems import NotFound, ValidationError
from zenith_server.protocol import Receive, Reply, Scope, Send
from zenith_server.request import body_reader, read_cookies, read_query
from zenith_server.response import Stream, encoder
from zenith_server.serialise import Refused
from zenith_server.signature import Given, Input, Known, Need, Signature, name_of, read

Handler = Callable[[Scope, Receive, Send, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Injection:
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


def compile_route(route: Route, injection: Injection) -> tuple[Handler, str]:
    """Return the coroutine function that answers a route, and its code.

    Raises:
        ProjectError: a parameter that nothing supplies, or a path parameter that nobody takes.
    """
    known = injection.known(route.pattern.parameters, route.method)
    code = _Code(injection, known, route.origin)
    guards = [_signature(guard.call, known, guard.origin) for guard in route.guards]
    for guard in guards:
        code.call(guard)
    if route.method == "*":
        code.line(f"await {code.name(route.handler, 'app')}(scope, receive, send)")
    else:
        signature = _signature(route.handler, known, route.origin)
        if route.method == "WEBSOCKET":
            code.line(code.called(signature))
        else:
            code.answer(signature)
        _all_taken(route, code.taken)
    name = f"<{route.method} {route.pattern}>"
    return code.function(name), code.text


def compile_error(handler: Callable[..., Any], origin: Origin, injection: Injection) -> Handler:
    """Return the coroutine function that answers an exception, given in the last argument."""
    first = next(iter(inspect.signature(handler).parameters))
    shared = injection.known()
    known = Known((), shared.providers, shared.services, given=frozenset({first, "scope"}))
    code = _Code(injection, known, origin)
    code.line(f"{first} = values")
    code.answer(read(handler, known, origin))
    return code.function(f"<error handler {name_of(handler)}>")


def _signature(call: Callable[..., Any], known: Known, origin: Origin) -> Signature:
    return read(call, known, origin)


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


@dataclass(slots=True)
class _Code:
    """The text of one function while it is written, and the values that it refers to."""

    injection: Injection
    known: Known
    origin: Origin
    lines: list[str] = field(default_factory=list)
    depth: int = 1
    names: dict[str, Any] = field(default_factory=dict)
    results: dict[Any, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    depth_of_answer: int = 0

    @property
    def text(self) -> str:
        return "\n".join(["async def endpoint(scope, receive, send, values):", *self.lines, ""])

    def function(self, name: str) -> Handler:
        exec(compile(self.text, name, "exec"), self.names)  # noqa: S102 - our own text, no input
        # A traceback through the function shows its lines, as for any file.
        linecache.cache[name] = (len(self.text), None, self.text.splitlines(keepends=True), name)
        return self.names["endpoint"]

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def name(self, value: Any, hint: str) -> str:
        """Give a value a name in the function's globals."""
        base = "".join(char if char.isalnum() else "_" for char in hint)
        name = base
        while name in self.names and self.names[name] is not value:
            name = f"{base}_{len(self.names)}"
        self.names[name] = value
        return name

    # --- calling ---

    def called(self, signature: Signature) -> str:
        """Write what a call needs; return the expression that calls it."""
        arguments = ", ".join(self._arguments(signature))
        call = self.name(signature.call, name_of(signature.call).rpartition(".")[2])
        if inspect.isclass(signature.call) or not _is_sync(signature.call):
            wait = "await " if _is_async(signature.call) else ""
            return f"{wait}{call}({arguments})"
        run = self.name(run_sync, "run_sync")
        return f"await {run}(lambda: {call}({arguments}))"

    def call(self, signature: Signature) -> str:
        """Write the call of a dependency or guard, once a request; return its variable."""
        if signature.call in self.results:
            return self.results[signature.call]
        opener = _context(signature.call)
        if opener is not None:
            arguments = ", ".join(self._arguments(signature))
            hint = name_of(signature.call).rpartition(".")[2]
            expression = f"{self.name(opener, f'open_{hint}')}({arguments})"
            return self._enter(signature.call, expression)
        expression = self.called(signature)
        return self._assign(signature.call, expression)

    def _assign(self, key: Any, expression: str) -> str:
        variable = f"v{len(self.results)}"
        self.line(f"{variable} = {expression}")
        self.results[key] = variable
        return variable

    def _enter(self, key: Any, expression: str) -> str:
        variable = f"v{len(self.results)}"
        self.line(f"async with {expression} as {variable}:")
        self.depth += 1
        self.results[key] = variable
        return variable

    def _arguments(self, signature: Signature) -> list[str]:
        """Write the resolution of all parameters, the server's first, then the client's."""
        inputs = [p for p in signature.parameters if isinstance(p, Input)]
        # The path comes first, because a value that does not fit is another URL: nothing is there.
        values = {p.argument: self._path(p) for p in inputs if p.source == "path"}
        for parameter in signature.parameters:
            if isinstance(parameter, Given):
                values[parameter.argument] = parameter.argument
            elif isinstance(parameter, Need):
                values[parameter.argument] = self._supply(parameter)
        values |= self._inputs([p for p in inputs if p.source != "path"])
        return [
            values[p.argument]
            if p.argument in signature.positional
            else f"{p.argument}={values[p.argument]}"
            for p in signature.parameters
        ]

    # --- what the server supplies ---

    def _supply(self, need: Need) -> str:
        supply = need.supply
        if isinstance(supply, Provider):
            return self._provided(supply)
        if isinstance(supply, Service):
            return self._service(supply)
        return self.call(read(supply, self.known, self.origin))

    def _provided(self, provider: Provider) -> str:
        if provider in self.results:
            return self.results[provider]
        if provider.per == "app":
            return self._shared(provider, provider.types[0])
        make = provider.make()
        given = frozenset({"scope", "receive", "send"})
        known = Known((), self.known.providers, self.known.services, given=given)
        arguments = ", ".join(self._arguments(read(make, known, provider.origin)))
        expression = f"{self.name(make, name_of(make).rpartition('.')[2])}({arguments})"
        if provider.is_context:
            return self._enter(provider, expression)
        wait = "await " if _is_async(make) else ""
        return self._assign(provider, f"{wait}{expression}")

    def _service(self, service: Service) -> str:
        container = self.injection.container
        if container.is_per_request(service):
            return self.call(container.signature(service))
        return self._shared(service, service.cls.__name__)

    def _shared(self, key: Any, hint: str) -> str:
        get = self.name(self.injection.container.get, "app_wide")
        return f"{get}({self.name(key, hint.rpartition('.')[2])})"

    # --- what the client sends ---

    def _inputs(self, inputs: list[Input]) -> dict[str, str]:
        if not inputs:
            return {}
        found: dict[str, str] = {}
        sources = {p.source: self._source(p.source) for p in inputs}
        readers = {p.argument: self._reader(p) for p in inputs}
        self.line("try:")
        for parameter in inputs:
            variable = self._variable(parameter.argument)
            read_it = self.name(readers[parameter.argument].read, f"read_{parameter.argument}")
            self.line(f"    {variable} = {read_it}({sources[parameter.source]})")
            found[parameter.argument] = variable
        pairs = [(readers[p.argument], p.source) for p in inputs]
        explain = self.name(functools.partial(_explain, pairs), "explain")
        given = ", ".join(f"{source}={variable}" for source, variable in sources.items())
        self.line(f"except {self.name(Refused, 'Refused')}:")
        self.line(f"    raise {explain}({given}) from None")
        return found

    def _path(self, parameter: Input) -> str:
        self.taken.add(parameter.key)
        item = f"values[{self.known.path.index(parameter.key)}]"
        read_it = self._reader(parameter).read
        variable = self._variable(parameter.argument)
        self.line("try:")
        self.line(f"    {variable} = {self.name(read_it, f'read_{parameter.argument}')}({item})")
        self.line(f"except {self.name(Refused, 'Refused')}:")
        self.line(f"    raise {self.name(NotFound, 'NotFound')}() from None")
        return variable

    def _variable(self, argument: str) -> str:
        """A name of its own: two dependencies may both call a parameter `limit`."""
        variable = f"{argument}_{len(self.lines)}"
        return variable

    def _reader(self, parameter: Input) -> Reader:
        try:
            return reader(parameter, refuse_unknown=self.injection.refuse_unknown)
        except (TypeError, ValueError, NameError, AttributeError) as error:
            raise ProjectError(_unreadable(parameter, self.origin, error)) from error

    def _source(self, source: str) -> str:
        """Write the reading of a part of the request, once; return its variable."""
        if source == "header":
            return "scope"
        if source not in self.sources:
            self.sources[source] = source
            self._read(source)
        return self.sources[source]

    def _read(self, source: str) -> None:
        if source == "query":
            self.line(f"query = {self.name(read_query, 'read_query')}(scope)")
        elif source == "cookie":
            self.line(f"cookie = {self.name(read_cookies, 'read_cookies')}(scope)")
        elif source == "form":
            opener = self.name(self.injection.open_form, "open_form")
            self.line(f"async with {opener}(scope, receive) as form:")
            self.depth += 1
        else:
            read_body = self.name(body_reader(self.injection.json_limit), "read_body")
            self.line(f"body = (scope, await {read_body}(scope, receive))")

    # --- the answer ---

    def answer(self, signature: Signature) -> None:
        """Write the call of the handler and the sending of what it returns."""
        expression = self.called(signature)
        encode = self.name(encoder(signature.returns, signature.status), "encode")
        self.line(f"reply = {encode}({expression})")
        depth, self.depth = self.depth, 1
        if depth == 1:
            self._send()
            return
        # A stream may still use what is open here; everything else goes out after the cleanups,
        # so that a commit that fails is an error response and not a lie.
        self.lines.insert(0, "    reply = None")
        self.depth = depth
        self.line(f"if reply.__class__ is {self.name(Stream, 'Stream')} or (")
        self.line("    hasattr(reply, 'body_iterator')")
        self.line("):")
        self.line("    await reply(scope, receive, send)")
        self.line("    return")
        self.depth = 1
        self.line("if reply is None:")
        swallowed = self.name(_swallowed, "swallowed")
        self.line(f"    raise {swallowed}({str(self.origin)!r})")
        self._send()

    def _send(self) -> None:
        self.line(f"if reply.__class__ is {self.name(Reply, 'Reply')}:")
        self.line("    await send(reply.start)")
        self.line("    await send(reply.body)")
        self.line("else:")
        self.line("    await reply(scope, receive, send)")


def _explain(pairs: list[tuple[Reader, str]], **sources: Any) -> ValidationError:
    """Read every input once more and collect what is wrong with each."""
    faults = [fault for reader, source in pairs for fault in reader.faults(sources[source])]
    return ValidationError(faults)


def _swallowed(origin: str) -> RuntimeError:
    return RuntimeError(f"A dependency of {origin} swallowed an exception; raise it again")


def _is_async(call: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(_function(call))


def _is_sync(call: Callable[..., Any]) -> bool:
    function = _function(call)
    return not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function))


def _function(call: Callable[..., Any]) -> Any:
    if isinstance(call, functools.partial):
        return _function(call.func)
    if inspect.isroutine(call) or inspect.isclass(call):
        return call
    return type(call).__call__


def _context(call: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what opens a generator dependency as an async context manager."""
    function = _function(call)
    if inspect.isasyncgenfunction(function):
        return asynccontextmanager(call)
    if inspect.isgeneratorfunction(function):
        return _threaded(contextmanager(call))
    return None


def _threaded(opener: Callable[..., Any]) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(*args: Any, **kwargs: Any) -> typing.AsyncIterator[Any]:
        manager = opener(*args, **kwargs)
        value = await run_sync(manager.__enter__)
        try:
            yield value
        except Exception as error:
            if not await run_sync(manager.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await run_sync(manager.__exit__, None, None, None)

    return opened


def _unreadable(parameter: Input, origin: Origin, error: Exception) -> Fault:
    return Fault(
        f'The type of "{parameter.argument}" cannot be read from a request',
        (str(origin),),
        str(error),
        ("Use a type that msgspec or pydantic can read.",),
    )
