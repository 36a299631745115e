"""The text of the function that each request passes: all hooks in a row around its handler.

It is written as text for the same reason as a handler: what is not on is not in it, and a response
that is whole when it comes back goes to the server as it is, without a wrapper around `send`.
"""

from __future__ import annotations

import linecache
import sys
from asyncio import CancelledError, current_task, tasks
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any

from zenith_server.dispatch.endpoints import Onward
from zenith_server.dispatch.failures import log_late
from zenith_server.dispatch.inline import called, lines_of, own_name, word
from zenith_server.dispatch.paths import path_of
from zenith_server.dispatch.pieces import asked, headless
from zenith_server.exchange import Exchange
from zenith_server.handlers.request import PERCENT, ClientDisconnected, header
from zenith_server.plan import Hook, Inline
from zenith_server.protocol import ASGIApp, Scope
from zenith_server.reply import Reply

if TYPE_CHECKING:
    from zenith_server.dispatch.failures import Failures
    from zenith_server.dispatch.tree import Endpoint
    from zenith_server.running import Running

NAME = "<hooks>"
# Until 3.12 `asyncio.current_task` is a Python function, and asks the system for the process too.
_LOOKED_UP = "_ident() == _running.thread and _tasks.get(_running.loop) or _task()"
_TASK = "_task()" if sys.version_info >= (3, 12) else _LOOKED_UP


def hooked(
    hooks: tuple[Hook, ...],
    find: Any,
    inner: ASGIApp | None,
    failures: Failures,
    onward: Onward,
    static: Mapping[str, Endpoint],
    bare: Any,
) -> Any:
    """Return the method `__call__` of an app with all hooks.

    Args:
        hooks: in the order in which a request meets them.
        find: returns handler, values and endpoint of a scope.
        inner: the app within the layers, where there are any; `find` is then its own affair.
        failures: answers what is raised.
        onward: what the hooks put around `send`.
        static: the endpoints of fixed URLs; some are answered before all hooks.
        bare: the method for those, and for whatever is no request.
    """
    names: dict[str, Any] = {
        "_Reply": Reply,
        "_Exchange": Exchange,
        "_clock": perf_counter,
        "_task": current_task,
        "_tasks": getattr(tasks, "_current_tasks", None),
        "_ident": get_ident,
        "_Repeated": _Repeated,
        "_partial": partial,
        "_through": onward,
        "_headers": [pair for hook in hooks for pair in hook.headers],
        "_ClientDisconnected": ClientDisconnected,
        "_CancelledError": CancelledError,
        "_log_late": log_late,
        "_headless": headless,
        "_path_of": path_of,
        "_static": static,
        "_PERCENT": PERCENT,
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
    running = next((hook.running for hook in hooks if hook.running is not None), None)
    names["_running"] = running
    if running is not None:
        names |= {"_enter": running.exchanges.add, "_leave": running.exchanges.discard}
    parts = _Parts(hooks, names)
    lines = [*_entered(), *_handled(parts, names), *_failing(parts), *_sending(parts, names)]
    return "\n".join(lines) + "\n"


class _Parts:
    """What hooks do with requests: those that are functions by name, the others as their lines."""

    def __init__(self, hooks: tuple[Hook, ...], names: dict[str, Any]) -> None:
        self._hooks = [hook for hook in hooks if hook.only != "websocket"]
        self._names = names

    def of(self, kind: str) -> Iterator[tuple[Hook, str | list[str]]]:
        """Yield hooks with their part of a kind; one that several share comes once."""
        seen: list[Any] = []
        for hook in self._hooks:
            part = getattr(hook, kind)
            if part is None or part in seen:
                continue
            seen.append(part)
            if isinstance(part, Inline):
                yield hook, lines_of(part, hook.name, self._names)
            else:
                yield hook, own_name(self._names, f"_{kind}_{word(hook.name)}", part)

    def calls(self, kind: str) -> list[str]:
        """Return the names of parts that are always functions."""
        return [part for _, part in self.of(kind) if isinstance(part, str)]


def _indented(lines: Iterable[str], depth: int) -> list[str]:
    return [f"{'    ' * depth}{line}" for line in lines]


def _entered() -> list[str]:
    return [
        "async def __call__(app, scope, receive, send):",
        "    if scope['type'] != 'http':",
        "        await _bare(app, scope, receive, send)",
        "        return",
        "    path = _path_of(scope) if scope.get('root_path') else scope['path']",
        "    fixed = _static.get(path)",
        "    if fixed is not None and fixed.outside:",
        "        await _bare(app, scope, receive, send)",
        "        return",
        "    if scope['method'] == 'HEAD':",
        "        send = _headless(send)",
    ]


def _handled(parts: _Parts, names: dict[str, Any]) -> list[str]:
    run = [
        # As in `_find`, for nearly every fixed URL.
        "if fixed is not None and _PERCENT not in (scope.get('raw_path') or b''):",
        "    handler, values, endpoint = fixed.handlers.get(scope['method']), (), fixed",
        "if handler is None:",
        "    handler, values, endpoint = _find(scope)",
        "exchange.endpoint = endpoint",
        "reply = await handler(scope, receive, send, values)",
    ]
    if names.get("_inner") is not None:
        run = [f"receive = {call}(scope, receive)" for call in parts.calls("receive")]
        run.append("await _inner(scope, receive, _partial(_through, scope, send))")
    starts = list(parts.of("start"))
    values = [_value(hook) for hook, _ in starts]
    return [
        *_begun(names["_running"]),
        *dict.fromkeys(f"    {value} = None" for value in values if value),
        "    handler = endpoint = reply = None",
        "    try:",
        "        try:",
        *_indented(_started(starts), 3),
        "            if reply is None:",
        *_indented((line for _, part in parts.of("wait") for line in _waited(part)), 4),
        *_indented(run, 4),
        "            if reply.__class__ is not _Reply:",
        "                if reply is not None:",
        "                    await reply(scope, receive, _partial(_through, scope, send))",
        "                return",
    ]


def _begun(running: Running | None) -> list[str]:
    if running is None:
        return ["    exchange = scope['zenith.exchange'] = _Exchange(_clock())"]
    lines = [
        f"    exchange = scope['zenith.exchange'] = _Exchange(_clock(), {_TASK})",
        "    _enter(exchange)",
    ]
    if running.looks:
        lines += ["    if exchange.began > _running.due:", "        _running.begin()"]
    return lines


def _value(hook: Hook) -> str:
    """The variable of a request header that there may be, where the response depends on it."""
    name = asked(hook) if hook.reply is not None else b""
    return f"value_{word(name.decode())}" if name else ""


def _started(starts: list[tuple[Hook, str | list[str]]]) -> list[str]:
    lines: list[str] = [*_KNOWN] if any(hook.header for hook, _ in starts) else []
    may_have_replied = False
    for hook, part in starts:
        lines += _only_if("reply is None" if may_have_replied else "", _start(hook, part))
        may_have_replied |= isinstance(part, str)
    return lines


# A dictionary is made faster than one of the headers is found.
_KNOWN = (
    "known = dict(scope['headers'])",
    "if len(known) != len(scope['headers']):",
    "    known = _Repeated(scope)",
)


def _start(hook: Hook, part: str | list[str]) -> list[str]:
    if not hook.header:
        return [f"reply = {part}(scope)"] if isinstance(part, str) else part
    own = _value(hook) or "value"
    run = [f"reply = {part}(scope, {own})"] if isinstance(part, str) else part
    if not isinstance(part, str) and own != "value":
        run = [f"value = {own}", *run]
    return [
        f"{own} = known.get({hook.header!r})",
        *_only_if("" if hook.needed else f"{own} is not None", run),
    ]


def started(hook: Hook) -> Callable[[Scope], Reply | None]:
    """Return what calls the start of a hook by itself, with the header that it asks for."""
    call: Any = called(hook.start, "start") if isinstance(hook.start, Inline) else hook.start
    if not hook.header:
        return call

    def start(scope: Scope) -> Reply | None:
        value = header(scope, hook.header)
        return call(scope, value) if hook.needed or value is not None else None

    return start


def finished(hook: Hook) -> Callable[[Scope], None] | None:
    """Return the finish of a hook as a function, if it has one."""
    return called(hook.finish, "finish") if isinstance(hook.finish, Inline) else hook.finish


class _Repeated:
    """Headers of which one comes more than once; whoever asks for that one is told so."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, name: bytes) -> bytes | None:
        return header(self._scope, name)


def _waited(part: str | list[str]) -> list[str]:
    if isinstance(part, list):
        return part
    return [f"turn = {part}(scope)", "if turn is not None:", "    await turn"]


def _failing(parts: _Parts) -> list[str]:
    answered = (
        "reply = await _failed(error, endpoint, scope, receive, _partial(_through, scope, send))"
    )
    lines = [
        "        except _ClientDisconnected:",
        "            return",
        "        except Exception as error:",
        f"            {answered}",
    ]
    calls = parts.calls("cancelled")
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


def _sending(parts: _Parts, names: dict[str, Any]) -> list[str]:
    lines = [
        "status, own, body = reply.status, reply.headers, reply.body",
        *_wrapped(parts),
        "headers = [*own, *_headers]",
        *(line for hook, part in parts.of("reply") for line in _replied(hook, part)),
        "exchange.status = status",
        "exchange.size = len(body)",
        "await send({'type': 'http.response.start', 'status': status, 'headers': headers})",
        "await send({'type': 'http.response.body', 'body': body})",
    ]
    finishes = list(_finishing(parts, names["_running"]))
    return [
        *_indented(lines, 2),
        "    except _ClientDisconnected:",
        "        return",
        "    except Exception as error:",
        "        if exchange.status:",
        "            _log_late(error, scope)",
        "        raise",
        *(["    finally:", *_indented(finishes, 2)] if finishes else []),
    ]


# What a hook is shown of a whole response.
_SHOWN = "{'type': 'http.response.start', 'status': status, 'headers': own}"


def _wrapped(parts: _Parts) -> Iterator[str]:
    """Write that those who may take over the sending are asked, and add to the headers if not."""
    for hook, part in parts.of("send"):
        asked = [
            f"start = {_SHOWN}",
            f"if {part}(scope, start) is not None:",
            "    await reply(scope, receive, _partial(_through, scope, send))",
            "    return",
            "own = start['headers']",
        ]
        yield from _only_if(f"len(body) >= {hook.smallest}" if hook.smallest else "", asked)


def _only_if(condition: str, lines: list[str]) -> list[str]:
    return [f"if {condition}:", *_indented(lines, 1)] if condition else lines


def _replied(hook: Hook, part: str | list[str]) -> list[str]:
    lines = [f"{part}(scope, {_SHOWN}, headers)"] if isinstance(part, str) else part
    value = _value(hook)
    return _only_if(f"{value} is not None" if value else "", lines)


def _finishing(parts: _Parts, running: Running | None) -> Iterator[str]:
    if running is not None:
        yield "_leave(exchange)"
    finishes = [part for _, part in parts.of("finish")]
    if any(isinstance(part, list) for part in finishes):
        yield "ended = _clock()"
    for part in finishes:
        yield from [f"{part}(scope)"] if isinstance(part, str) else part
