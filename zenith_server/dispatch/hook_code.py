"""The text of the function that each request passes: all hooks in a row around its handler.

It is written as text for the same reason as a handler: what is not on is not in it, and a response
that is whole when it comes back goes to the server as it is, without a wrapper around `send`.
"""

from __future__ import annotations

import linecache
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from zenith_server.dispatch.failures import log_late
from zenith_server.handlers.request import ClientDisconnected, header
from zenith_server.plan import Hook
from zenith_server.protocol import ASGIApp, Message, Scope, Send
from zenith_server.reply import Reply

if TYPE_CHECKING:
    from zenith_server.dispatch.failures import Failures

Onward = Callable[[Scope, Send, Message], Awaitable[None]]
Wrap = Callable[[Scope, Message], Callable[[Send], Send] | None]
NAME = "<hooks>"


def hooked(hooks: tuple[Hook, ...], find: Any, inner: ASGIApp | None, failures: Failures) -> Any:
    """Return the coroutine function that answers a request with all hooks.

    Args:
        hooks: in the order in which a request meets them.
        find: returns handler, values and endpoint of a scope.
        inner: the app within the layers, where there are any; `find` is then its own affair.
        failures: answers what is raised.
    """
    names: dict[str, Any] = {
        "_Reply": Reply,
        "_known": _known,
        "_partial": partial,
        "_through": _through(hooks),
        "_headers": [pair for hook in hooks for pair in hook.headers],
        "_ClientDisconnected": ClientDisconnected,
        "_CancelledError": CancelledError,
        "_log_late": log_late,
        "_failed": failures.answer,
        "_find": find,
        "_inner": inner,
    }
    text = text_of(hooks, names)
    exec(compile(text, NAME, "exec"), names)  # noqa: S102 - our own text, no input
    linecache.cache[NAME] = (len(text), None, text.splitlines(keepends=True), NAME)
    return names["answer"]


def text_of(hooks: tuple[Hook, ...], names: dict[str, Any]) -> str:
    """Return the function, and note in `names` what it refers to.

    Example:
        >>> print(text_of((), {"_inner": None}).splitlines()[0])
        async def answer(scope, receive, send):
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

    return "\n".join([*_handled(names, called), *_failing(called), *_sending(names, called)]) + "\n"


def _handled(names: dict[str, Any], called: Callable[[str], list[str]]) -> list[str]:
    starts = " or ".join(_start(call, names[f"{call} hook"]) for call in called("start"))
    known = ["            known = _known(scope)"] if "known.get" in starts else []
    run = [
        "handler, values, endpoint = _find(scope)",
        "sent[2] = endpoint",
        "reply = await handler(scope, receive, through, values)",
    ]
    if names.get("_inner") is not None:
        run = ["await _inner(scope, receive, through)"]
    return [
        "async def answer(scope, receive, send):",
        "    sent = scope['zenith.sent'] = [0, 0, None]",
        "    through = _partial(_through, scope, send)",
        "    endpoint = None",
        "    try:",
        "        try:",
        *known,
        f"            reply = {starts or None}",
        "            if reply is None:",
        *(line for call in called("wait") for line in _waited(call)),
        *(f"                receive = {call}(scope, receive)" for call in called("receive")),
        *(f"                {line}" for line in run),
        "            if reply.__class__ is not _Reply:",
        "                if reply is not None:",
        "                    await reply(scope, receive, through)",
        "                return",
    ]


def _start(call: str, hook: Hook) -> str:
    if not hook.header:
        return f"{call}(scope)"
    value = f"known.get({hook.header!r})"
    if hook.needed:
        return f"{call}(scope, {value})"
    return f"({call}(scope, value) if (value := {value}) is not None else None)"


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
        *(f"{call}(scope, start, headers)" for call in called("reply")),
        "start['headers'] = headers",
        "body = reply.body",
        "sent[0], sent[1] = reply.status, len(body)",
        "await send(start)",
        "await send({'type': 'http.response.body', 'body': body})",
    ]
    finishes = [f"        {call}(scope)" for call in called("finish")]
    return [
        *(f"        {line}" for line in lines),
        "    except _ClientDisconnected:",
        "        return",
        "    except Exception as error:",
        "        if sent[0]:",
        "            _log_late(error, scope)",
        "        raise",
        *(["    finally:", *finishes] if finishes else []),
    ]


def _word(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)


# --- responses in pieces ---


def _through(hooks: tuple[Hook, ...]) -> Onward:
    """Return the one wrapper around `send`, for what does not come back as a whole reply."""
    replies = [hook.reply for hook in hooks if hook.reply]
    always = [pair for hook in hooks for pair in hook.headers]

    async def onward(scope: Scope, send: Send, message: Message) -> None:
        sent: list[int] = scope["zenith.sent"]
        if message["type"] == "http.response.start":
            sent[0] = message["status"]
            # A new message: handlers may send one that they keep.
            headers = [*message.get("headers", ()), *always]
            for add in replies:
                add(scope, message, headers)
            message = {**message, "headers": headers}
        else:
            sent[1] += len(message.get("body", b""))
        await send(message)

    through: Onward = onward
    for hook in hooks:
        if hook.send is not None:
            through = _wrapping(hook.name, hook.send, through)
    return through


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
