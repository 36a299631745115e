"""The text of a handler's function while it is written, and the values that it refers to.

Local variables are `query`, `cookie`, `form` and `body` for the parts of the request, and the names
of dependencies and parameters for their values. Globals begin with an underscore.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable
from keyword import iskeyword
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers import input_code
from zenith_server.handlers.calls import context_of, in_thread, is_async, is_blocking
from zenith_server.handlers.later import FirstUse, Handler, Later
from zenith_server.handlers.request import Tape
from zenith_server.handlers.response import Encoder, encoder
from zenith_server.handlers.signature import (
    Given,
    Input,
    Known,
    Need,
    Signature,
    name_of,
    read,
)
from zenith_server.handlers.stream import JSON, Stream
from zenith_server.plan import Origin, Provider, Service
from zenith_server.reply import LENGTHS, SMALL, Reply

if TYPE_CHECKING:
    from zenith_server.handlers.inject import Injection

_AGAIN = "<receive again>"
_LOCALS = (
    *("scope", "receive", "send", "values", "tape", "query", "cookie", "form", "body"),
    *("message", "value", "size", "length", "reply", "error", "ending"),
)
_SENT = object()
_STREAMED = "await reply(scope, receive, send)"
_PRINTED = "(b'content-length', b'%d' % size)"


class HandlerCode(Struct):
    """Writes one function, line by line.

    Args:
        injection: what all handlers share.
        known: what parameters may ask for here.
        origin: where the handler stands, for messages.
    """

    injection: Injection
    known: Known
    origin: Origin
    lines: list[str] = field(default_factory=list[str])
    depth: int = 1
    ends: list[str] = field(default_factory=list[str])
    names: dict[str, Any] = field(default_factory=dict[str, Any])
    results: dict[Any, str] = field(default_factory=dict[Any, str])
    sources: set[str] = field(default_factory=set[str])
    taken: set[str] = field(default_factory=set[str])
    calling: list[Any] = field(default_factory=list[Any])
    locals: set[str] = field(default_factory=lambda: set(_LOCALS))

    @property
    def text(self) -> str:
        """The function."""
        lines = ["async def endpoint(scope, receive, send, values):", *self.lines, ""]
        if self.reads_twice:
            lines[1:1] = ["    tape = _Tape(receive)", "    receive = tape.reader()"]
        return "\n".join(lines).replace(_AGAIN, "tape.reader()" if self.reads_twice else "receive")

    @property
    def reads_twice(self) -> bool:
        """Whether the body is read here, and by an object that was handed out too."""
        return bool(self.sources & {"body", "form"}) and any(_AGAIN in line for line in self.lines)

    def finish(self) -> None:
        """Write what ends the function."""
        if {"body", "form"} <= self.sources:
            raise ProjectError(_two_formats(self.origin))
        self._close()

    def handler(self, name: str) -> Later:
        """Return the function, which is compiled when it is first called."""
        reads = any("receive" in line and line.strip() != _STREAMED for line in self.lines)
        sends = any("send" in line for line in self.lines)
        return Later(functools.partial(self.function, name), reads_body=reads, sends=sends)

    def function(self, name: str) -> Handler:
        """Compile the function; a traceback through it shows its lines, as for any file."""
        self.names["_Tape"] = Tape
        for each, value in self.names.items():
            if isinstance(value, FirstUse):
                self.names[each] = value.made()
        text = self.text
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        return cast("Handler", FunctionType(_placed(_compiled(text), name), self.names))

    def line(self, text: str) -> None:
        """Write a line at the depth of the context managers that are open."""
        self.lines.append("    " * self.depth + text)

    def name(self, value: Any, hint: str) -> str:
        """Give a value a name in the function's globals; no local variable begins like it."""
        name = base = f"_{_word(hint).lstrip('_')}"
        while name in self.names and self.names[name] is not value:
            name = f"{base}_{len(self.names)}"
        self.names[name] = value
        return name

    # --- calling ---

    def called(self, signature: Signature) -> str:
        """Write what a call needs; return the expression that calls it."""
        arguments = ", ".join(self._arguments(signature))
        call = f"{self.name(signature.call, _short(signature.call))}({arguments})"
        if is_async(signature.call):
            return f"await {call}"
        if is_blocking(signature.call):
            return f"await {self.name(in_thread, 'in_thread')}(lambda: {call})"
        return call

    def call(self, signature: Signature) -> str:
        """Write the call of a dependency or guard, once a request; return its variable."""
        call = signature.call
        if call in self.results:
            return self.results[call]
        if call in self.calling:
            raise ProjectError(_circle([*self.calling, call], signature.origin))
        self.calling.append(call)
        opener = context_of(call)
        if opener is None:
            variable = self._assign(call, _short(call), self.called(signature))
        else:
            arguments = ", ".join(self._arguments(signature))
            opened = f"{self.name(opener, f'open_{_short(call)}')}({arguments})"
            variable = self._enter(call, _short(call), opened)
        self.calling.pop()
        return variable

    def _assign(self, key: Any, hint: str, expression: str) -> str:
        variable = self.results[key] = self.variable(hint)
        self.line(f"{variable} = {expression}")
        return variable

    def _enter(self, key: Any, hint: str, expression: str) -> str:
        variable = self.results[key] = self.variable(hint)
        self.open(f"async with {expression} as {variable}:")
        return variable

    def open(self, line: str, end: str = "") -> None:
        """Begin a block around all that follows; `end` is called with the exception, or None."""
        self.line(line)
        self.ends.append(end)
        self.depth += 1

    def _close(self) -> None:
        """End all blocks, the last first."""
        while self.ends:
            self.depth -= 1
            end = self.ends.pop()
            if end:
                self.line("except BaseException as error:")
                self.line(f"    ending = {end.format('error')}")
                self.line("    if ending is not None:")
                self.line("        await ending")
                self.line("    raise")
                self.line("else:")
                self.line(f"    ending = {end.format('None')}")
                self.line("    if ending is not None:")
                self.line("        await ending")

    def _arguments(self, signature: Signature) -> list[str]:
        """Write the resolution of all parameters, the server's first, then the client's."""
        inputs = [p for p in signature.parameters if isinstance(p, Input)]
        # The path comes first, because a value that does not fit is another URL: nothing is there.
        values = {p.argument: input_code.path(self, p) for p in inputs if p.source == "path"}
        for parameter in signature.parameters:
            if isinstance(parameter, Given):
                values[parameter.argument] = parameter.expression
            elif isinstance(parameter, Need):
                values[parameter.argument] = self._supply(parameter)
        values |= input_code.inputs(self, [p for p in inputs if p.source != "path"])
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
            self.injection.container.maker(provider)
            return self._shared(provider, provider.types[0])
        make = provider.make()
        signature = read(make, self._for_providers(), provider.origin)
        if any(isinstance(p, Given) and p.argument == "path_params" for p in signature.parameters):
            self.taken.update(self.known.path)
        expression = f"{self.name(make, _short(make))}({', '.join(self._arguments(signature))})"
        if provider.is_context:
            return self._enter(provider, _short(make), expression)
        expression = f"await {expression}" if is_async(make) else expression
        variable = self._assign(provider, _short(make), expression)
        if provider.end is not None:
            end = self.name(provider.end(), f"end_{_short(make)}")
            self.open("try:", f"{end}({variable}, scope, {{}})")
        return variable

    def _for_providers(self) -> Known:
        path = ", ".join(f"{name!r}: values[{i}]" for i, name in enumerate(self.known.path))
        given = {"scope": "scope", "receive": _AGAIN, "send": "send", "path_params": f"{{{path}}}"}
        return Known((), self.known.providers, self.known.services, given=given)

    def _service(self, service: Service) -> str:
        container = self.injection.container
        if container.is_per_request(service):
            return self.call(container.signature(service))
        return self._shared(service, service.cls.__name__)

    def _shared(self, key: Any, hint: str) -> str:
        get = self.name(self.injection.container.get, "app_wide")
        return f"{get}({self.name(key, hint.rpartition('.')[2])})"

    def variable(self, hint: str) -> str:
        """A name of its own: two dependencies may both call a parameter `limit`."""
        name = base = _word(hint).lstrip("_0123456789") or "value"
        while name in self.locals or iskeyword(name):
            name = f"{base}_{len(self.locals)}"
        self.locals.add(name)
        return name

    # --- the answer ---

    def unless(self, reply: str) -> None:
        """Write that all that follows is for requests for which an expression gives no reply."""
        self.line(f"reply = {reply}")
        self.open("if reply is None:")

    def answer(self, signature: Signature, ending: str = "{}") -> None:
        """Write the call of the handler, and return what it answers for the caller to send.

        Args:
            signature: the handler's.
            ending: what is done with the answer, as an expression in which it is `{}`.
        """
        call = self.called(signature)
        try:
            encode = encoder(signature.returns, signature.status)
        except (TypeError, ValueError, NameError, AttributeError) as error:
            raise ProjectError(_unwritable(signature, error)) from error
        self.line(f"value = {call}")
        self._encode(encode)
        if ending != "{}":
            self.line(f"reply = {ending.format('reply')}")
        if self.depth > 1:
            self._leave()
        self.line("return reply")

    def _encode(self, encode: Encoder) -> None:
        """Write the way of nearly every result out; the encoder knows the others."""
        if encode.returns is Reply:
            self.line(f"reply = value if value.__class__ is {self.name(Reply, 'Reply')} else \\")
            self.line(f"    {self.name(encode, 'encode')}(value)")
            return
        json, lengths = self.name(JSON, "JSON"), self.name(LENGTHS, "LENGTHS")
        self.line(f"if value.__class__ in {self.name(encode.plain, 'plain')}:")
        self.line(f"    body = {self.name(encode.write, 'write')}(value)")
        self.line("    size = len(body)")
        self.line(f"    length = {lengths}[size] if size < {SMALL} else {_PRINTED}")
        self.line(
            f"    reply = {self.name(Reply, 'Reply')}({encode.status}, [{json}, length], body)"
        )
        self.line("else:")
        self.line(f"    reply = {self.name(encode, 'encode')}(value)")

    def _leave(self) -> None:
        """Write what comes between the handler and its answer when something is open.

        A stream may still use what is open; everything else goes out after the cleanups, so that
        a commit that fails is an error response and not a lie.
        """
        whole = self.name(Reply, "Reply")
        self.line(f"if reply.__class__ is not {whole} and (")
        self.line(f"    reply.__class__ is {self.name(Stream, 'Stream')}")
        self.line("    or hasattr(reply, 'body_iterator')")
        self.line("):")
        self.line(f"    {_STREAMED}")
        self.line(f"    reply = {self.name(_SENT, 'SENT')}")
        self._close()
        self.lines.insert(0, "    reply = None")
        self.line(f"if reply.__class__ is not {whole}:")
        self.line("    if reply is None:")
        self.line(f"        raise {self.name(_swallowed, 'swallowed')}({str(self.origin)!r})")
        self.line(f"    if reply is {self.name(_SENT, 'SENT')}:")
        self.line("        return None")


@functools.lru_cache(maxsize=512)
def _compiled(text: str) -> CodeType:
    """Compile a function; many handlers differ in nothing but the values that they refer to."""
    module = compile(text, "<handler>", "exec")
    return next(each for each in module.co_consts if isinstance(each, CodeType))


def _placed(code: CodeType, name: str) -> CodeType:
    """A copy with a file name of its own, and so with what Python learns of it as it runs."""
    constants = [_placed(c, name) if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.replace(co_filename=name, co_consts=tuple(constants))


def _word(text: str) -> str:
    if text.isascii() and text.isidentifier():
        return text
    return "".join(char if char.isalnum() else "_" for char in text)


def _short(call: Callable[..., Any]) -> str:
    return name_of(call).rpartition(".")[2]


def _swallowed(origin: str) -> RuntimeError:
    return RuntimeError(f"A dependency of {origin} swallowed an exception; raise it again")


# --- messages ---


def _unwritable(signature: Signature, error: Exception) -> Fault:
    return Fault(
        f"What {name_of(signature.call)} declares to return cannot be written as JSON",
        (str(signature.origin),),
        str(error),
        ("Declare a type that msgspec or pydantic can write, or none.",),
    )


def _two_formats(origin: Origin) -> Fault:
    return Fault(
        "A handler asks for a JSON body and for a form",
        (str(origin),),
        "A request has one body, in one format.",
        ("Take all of it from the form, with Form(), or all of it from JSON.",),
    )


def _circle(calls: list[Any], origin: Origin) -> Fault:
    return Fault(
        " depends on ".join(name_of(call) for call in calls[calls.index(calls[-1]) :]),
        (str(origin),),
        "Each of them would have to be called before itself.",
        ("Move what both need into a third function.",),
    )
