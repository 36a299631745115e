"""Parts of hooks that are lines of Python: in the app's own function, or as functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter
from typing import Any, Literal

from zenith_server.exchange import EXCHANGE
from zenith_server.plan import Inline

_NAME = re.compile(r"\$(\w+)")
_HEADS = {
    "start": ["def start(scope, value=None):"],
    "reply": ["def reply(scope, start, headers):", "    own = start['headers']"],
    "finish": [
        "def finish(scope):",
        f"    exchange = scope[{EXCHANGE!r}]",
        "    ended = _clock()",
    ],
}


def lines_of(part: Inline, hook: str, names: dict[str, Any]) -> list[str]:
    """Return the lines of a part, and note in `names` what they refer to.

    Args:
        part: the part.
        hook: the name of its hook, from which the names in the text are made.
        names: those of the text so far.

    Example:
        >>> lines_of(Inline("headers.append($pair)", {"pair": PAIR}), "colour", {})
        ['headers.append(_pair_colour)']
    """

    def named(found: re.Match[str]) -> str:
        return own_name(names, f"_{found[1]}_{word(hook)}", part.names[found[1]])

    return _NAME.sub(named, part.text.strip("\n")).splitlines()


def called(part: Inline, kind: Literal["start", "reply", "finish"]) -> Callable[..., Any]:
    """Return a part as the function that it spares, for WebSockets and answers in pieces."""
    names: dict[str, Any] = {"_clock": perf_counter}
    lines = [*_HEADS[kind], *(f"    {line}" for line in lines_of(part, kind, names))]
    exec("\n".join(lines), names)  # noqa: S102 - our own text, no input
    return names[kind]


def own_name(names: dict[str, Any], name: str, value: Any) -> str:
    """Return the name of a value, which no other value has, and note it.

    Example:
        >>> own_name({"_a": 1}, "_a", 2)
        '_a_'
    """
    while names.setdefault(name, value) is not value:
        name += "_"
    return name


def word(name: str) -> str:
    """Return a name as a word that Python takes for a part of one.

    Example:
        >>> word("request-id")
        'request_id'
    """
    return "".join(char if char.isalnum() else "_" for char in name)
