"""The text of the function that each request passes: all hooks in a row around its handler.

It is written as text for the same reason as a handler: what is not on is not in it, and a response
that is whole when it comes back goes to the server as it is, without a wrapper around `send`.
"""

from __future__ import annotations

import linecache
from asyncio import CancelledError, current_task
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from zenith_server.dispatch.failures import log_late
from zenith_server.dispatch.paths import path_of
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.handlers.request import ClientDisconnected, header
from zenith_server.plan import Hook
from zenith_server.protocol import ASGIApp, Message, Scope, Send
from zenith_server.reply import Reply

if TYPE_CHECKING:
    from zenith_server.dispatch.failures import Failures
    from zenith_server.running import Running

Onward = Callable[[Scope, Send, Message], Awaitable[None]]
Wrap = Callable[[Scope, Message], Callable[[Send], Send] | None]
NAME = "<hooks>"


def hooked(
    hooks: tuple[Hook, ...],
    find: Any,
    inner: ASGIApp | None,
    failures: Failures,
    outside: frozenset[str],
    bare: Any,
) -> Any:
    """Return the method `__call__` of an app with all hooks.

    Args:
        hooks: in the order in which a request meets them.
        find: returns handler, values and endpoint of a scope.
        inner: the app within the layers, where there are any; `find` is then its own affair.
        failures: answers what is raised.
        outside: paths that are answered before all hooks.
        bare: the method for those, and for whatever is no request.
    """
    names: dict[str, Any] = {
        "_Reply": Reply,
        "_Exchange": Exchange,
        "_clock": perf_counter,
        "_task": current_task,
        "_known": _known,
        "_partial": partial,
        "_through": _through(hooks),
        "_headers": [pair for hook in hooks for pair in hook.headers],
        "_ClientDisconnected": ClientDisconnected,
        "_CancelledError": CancelledError,
        "_log_late": log_late,
        "_headless": headless,
        "_path_of": path_of,
        "_outside": outside,
        "_bare": bare,
        "_failed": failures.answer,
        "_find": find,
        "_inner": inner,
    }
    text = text_of(hooks, names)
    exec(compile(text, NAME, "exec"), names)  # noqa: S102 - our own text, no input
    linecache.cache[NAME] = (len(text), None, text.splitlines(keepends=True), NAME)
    return names["__call__"]


def text_of(hooks: tuple[Hook, ...], names: dict[str, Any]) -> str:
    """Return the function, and note in `names` what it refers to.

    Example:
        >>> print(text_of((), {"_inner": None}).splitlines()[0])
        async def __call__(app, scope, receive, send):
    """

    def called(part: str) -> list[str]:
        found: list[str] = []
        calls: list[Any] = []
        for hook in hooks:
            call = getattr(hook, part)
            # One that several hooks share is called once.
            if call is not None and hook.only != "websocket" and call not in calls:
                calls.append(call)
                found.append(f"_{part}_{_word(hook.name)}")
                while names.setdefault(found[-1], call) is not call:
                    found[-1] += "_"
                names[f"{found[-1]} hook"] = hook
        return found

    running = next((hook.running for hook in hooks if hook.running is not None), None)
    names["_running"] = running
    parts = [*_entered(), *_handled(names, called), *_failing(called), *_sending(names, called)]
    return "\n".join(parts) + "\n"


def _entered() -> list[str]:
    return [
        "async def __call__(app, scope, receive, send):",
        "    if scope['type'] != 'http' or (",
        "        _path_of(scope) if scope.get('root_path') else scope['path']",
        "    ) in _outside:",
        "        await _bare(app, scope, receive, send)",
        "        return",
        "    if scope['method'] == 'HEAD':",
        "        send = _headless(send)",
        "    through = _partial(_through, scope, send)",
    ]


def _handled(names: dict[str, Any], called: Callable[[str], list[str]]) -> list[str]:
    starts = " or ".join(_start(call, names[f"{call} hook"]) for call in called("start"))
    known = ["            known = _known(scope)"] if "known.get" in starts else []
    run = [
        "handler, values, endpoint = _find(scope)",
        "exchange.endpoint = endpoint",
        "reply = await handler(scope, receive, through, values)",
    ]
    if names.get("_inner") is not None:
        run = [f"receive = {call}(scope, receive)" for call in called("receive")]
        run.append("await _inner(scope, receive, through)")
    values = [_value(names[f"{call} hook"]) for call in called("start")]
    return [
        *_begun(names["_running"]),
        *dict.fromkeys(f"    {value} = None" for value in values if value),
        "    endpoint = None",
        "    try:",
        "        try:",
        *known,
        f"            reply = {starts or None}",
        "            if reply is None:",
        *(line for call in called("wait") for line in _waited(call)),
        *(f"                {line}" for line in run),
        "            if reply.__class__ is not _Reply:",
        "                if reply is not None:",
        "                    await reply(scope, receive, through)",
        "                return",
    ]


def _begun(running: Running | None) -> list[str]:
    if running is None:
        return ["    exchange = scope['zenith.exchange'] = _Exchange(_clock())"]
    lines = [
        "    exchange = scope['zenith.exchange'] = _Exchange(_clock(), _task())",
        "    key = id(exchange)",
        "    _running.exchanges[key] = exchange",
    ]
    if running.looks:
        lines += ["    if exchange.began > _running.due:", "        _running.begin()"]
    return lines


def _value(hook: Hook) -> str:
    """The variable of a request header that there may be."""
    asked = _asked(hook)
    return f"value_{_word(asked.decode())}" if asked else ""


def _start(call: str, hook: Hook) -> str:
    if not hook.header:
        return f"{call}(scope)"
    value = f"known.get({hook.header!r})"
    if hook.needed:
        return f"{call}(scope, {value})"
    own = _value(hook)
    return f"({call}(scope, {own}) if ({own} := {value}) is not None else None)"


def started(hook: Hook) -> Callable[[Scope], Reply | None]:
    """Return what calls the start of a hook by itself, with the header that it asks for."""
    call: Any = hook.start
    if not hook.header:
        return call

    def start(scope: Scope) -> Reply | None:
        value = header(scope, hook.header)
        return call(scope, value) if hook.needed or value is not None else None

    return start


class _Repeated:
    """Headers of which one comes more than once; whoever asks for that one is told so."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, name: bytes) -> bytes | None:
        return header(self._scope, name)


def _known(scope: Scope) -> Any:
    """Return the headers by name: a dictionary is made faster than one of them is found."""
    headers = scope["headers"]
    known: dict[bytes, bytes] = dict(headers)
    return known if len(known) == len(headers) else _Repeated(scope)


def _waited(call: str) -> list[str]:
    lines = [f"turn = {call}(scope)", "if turn is not None:", "    await turn"]
    return [f"                {line}" for line in lines]


def _failing(called: Callable[[str], list[str]]) -> list[str]:
    answered = "reply = await _failed(error, endpoint, scope, receive, through)"
    lines = [
        "        except _ClientDisconnected:",
        "            return",
        "        except Exception as error:",
        f"            {answered}",
    ]
    calls = called("cancelled")
    if calls:
        asked = " or ".join(f"{call}(scope)" for call in calls)
        lines += [
            "        except _CancelledError:",
            f"            error = {asked}",
            "            if error is None:",
            "                raise",
            f"            {answered}",
        ]
    return [*lines, "        if reply is None:", "            return"]


def _wrap(call: str, hook: Hook) -> str:
    wrap = f"{call}(scope, start)"
    return f"(len(reply.body) >= {hook.smallest} and {wrap})" if hook.smallest else wrap


def _sending(names: dict[str, Any], called: Callable[[str], list[str]]) -> list[str]:
    lines = [
        "start = {'type': 'http.response.start', 'status': reply.status, 'headers': reply.headers}",
    ]
    wrapped = " or ".join(_wrap(call, names[f"{call} hook"]) for call in called("send"))
    if wrapped:
        lines += [
            f"if {wrapped}:",
            "    await reply(scope, receive, through)",
            "    return",
        ]
    lines += [
        "headers = [*start['headers'], *_headers]",
        *(_replied(call, names[f"{call} hook"]) for call in called("reply")),
        "start['headers'] = headers",
        "body = reply.body",
        "exchange.status = reply.status",
        "exchange.size = len(body)",
        "await send(start)",
        "await send({'type': 'http.response.body', 'body': body})",
    ]
    finishes = [f"        {call}(scope)" for call in called("finish")]
    if names["_running"] is not None:
        finishes.insert(0, "        _running.exchanges.pop(key, None)")
    return [
        *(f"        {line}" for line in lines),
        "    except _ClientDisconnected:",
        "        return",
        "    except Exception as error:",
        "        if exchange.status:",
        "            _log_late(error, scope)",
        "        raise",
        *(["    finally:", *finishes] if finishes else []),
    ]


def _replied(call: str, hook: Hook) -> str:
    line = f"{call}(scope, start, headers)"
    own = _value(hook)
    return f"if {own} is not None: {line}" if own else line


def _word(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)


# --- responses in pieces ---


def _through(hooks: tuple[Hook, ...]) -> Onward:
    """Return the one wrapper around `send`, for what does not come back as a whole reply."""
    replies = [(hook.reply, _asked(hook)) for hook in hooks if hook.reply]
    always = [pair for hook in hooks for pair in hook.headers]

    async def onward(scope: Scope, send: Send, message: Message) -> None:
        exchange: Exchange = scope[EXCHANGE]
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            # A new message: handlers may send one that they keep.
            headers = [*message.get("headers", ()), *always]
            for add, name in replies:
                if not name or header(scope, name) is not None:
                    add(scope, message, headers)
            message = {**message, "headers": headers}
        else:
            exchange.size += len(message.get("body", b""))
        await send(message)

    through: Onward = onward
    for hook in hooks:
        if hook.send is not None:
            through = _wrapping(hook.name, hook.send, through)
    return through


def _asked(hook: Hook) -> bytes:
    """The header without which a hook has nothing to add."""
    return b"" if hook.needed or not hook.start else hook.header


def _wrapping(name: str, wrap: Wrap, onward: Onward) -> Onward:
    """Let a hook take over the sending of the responses that it wants."""
    key = f"zenith.send {name}"

    async def through(scope: Scope, send: Send, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": message.get("headers", ())}
            make = wrap(scope, message)
            if make is not None:
                scope[key] = make(partial(onward, scope, send))
        own: Send | None = scope.get(key)
        await (own(message) if own is not None else onward(scope, send, message))

    return through


def headless(send: Send) -> Send:
    """Send a response to HEAD without its body (RFC 9110, 9.3.2); a stream ends at once."""

    async def send_head(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({"type": "http.response.body", "body": b""})
        if message.get("more_body", False):
            raise ClientDisconnected

    return send_head
