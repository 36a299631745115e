"""Command lines that only serve, in the plain forms in which nearly all of them are written.

They are read here, because the library that reads all others takes half as long to load as the
whole server does to start. What is not understood at once is left to that library, with all that
is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

_COMMANDS = {"run": False, "dev": True}
_ENGINES = ("auto", "hypercorn", "granian")
_SWITCHES = ("http3", "reload")
_FLAGS = {f"--{no}{name}": (name, not no) for name in _SWITCHES for no in ("", "no-")}
OPTIONS = ("host", "port", "bind", "certfile", "keyfile", "http3", "workers", "engine", "reload")


class Plain(Struct, frozen=True):
    """What a plain command line says; the fields are those of `serve_project`."""

    project: Path
    options: dict[str, object]
    env: str | None
    dev: bool


def plain(words: Sequence[str]) -> Plain | None:
    """Return what a plain command line says, and nothing for all others.

    Example:
        >>> plain(["dev", "./shop", "--port", "80"]).options["port"]
        80
        >>> plain(["check"]), plain(["--port", "eighty"])
        (None, None)
    """
    is_named = bool(words) and words[0] in _COMMANDS
    pairs = list(_pairs(words[is_named:]))
    found = dict(pairs)
    known = {"project", "env", *OPTIONS}
    if len(found) < len(pairs) or not found.keys() <= known or None in found.values():
        return None
    project = str(found.get("project", "."))
    if not (is_named or project.startswith(".") or os.sep in project):
        return None  # it may be a command
    env = found.get("env")
    return Plain(
        Path(project),
        {name: found.get(name) for name in OPTIONS},
        None if env is None else str(env),
        is_named and _COMMANDS[words[0]],
    )


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Yield each option with its value; None where it has none that is plain."""
    waiting = list(reversed(words))
    while waiting:
        word = waiting.pop()
        if word in _FLAGS:
            yield _FLAGS[word]
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and waiting:
                value = waiting.pop()
            yield name, _value(name, value)
        else:
            yield "project", None if word.startswith("-") else word or None


def _value(name: str, text: str) -> object:
    if name in ("port", "workers"):
        is_plain = text.isascii() and text.isdecimal() and text[0] != "0" and len(text) < 10
        return int(text) if is_plain or text == "0" else None
    is_meant = text in _ENGINES if name == "engine" else not text.startswith("-")
    return text if text and is_meant and name not in _SWITCHES else None
