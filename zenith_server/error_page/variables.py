"""The values of variables, as far as they can be shown: short, safe, and whatever they do."""

from __future__ import annotations

import reprlib
import sys
import time
from collections.abc import Callable
from itertools import islice
from types import FrameType, FunctionType, ModuleType
from typing import Any

from zenith_server.error_page.veil import Veil
from zenith_server.secrets import MASK

Variable = tuple[str, str]
"""A name, and what is shown of its value."""

_MOST = 40
_LETTERS = 240
_WHOLE = 1200
# What is cut off beyond this was never looked at for secrets, and is not shown either.
_READ = 4000
_SECONDS = 0.1
_LARGEST = 10**60


class Variables(reprlib.Repr):
    """Writes values: a few parts of each, none that is secret, and none that takes long.

    Args:
        veil: covers what is secret.
    """

    def __init__(self, veil: Veil) -> None:
        super().__init__()
        self._veil = veil
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 16

    def of(self, frame: FrameType) -> tuple[Variable, ...]:
        """Return the variables of a frame; of a module those that are no part of its code."""
        is_module = frame.f_code.co_name == "<module>"
        shown = (
            (name, value)
            for name, value in frame.f_locals.items()
            if not (name.startswith(("__", "@")) or (is_module and _is_code(value)))
        )
        return tuple((name, self.named(name, value)) for name, value in islice(shown, _MOST))

    def named(self, name: str, value: object) -> str:
        """Return what is shown of the value of a name."""
        if value is not None and self._veil.is_secret(name):
            kind = type(value).__name__
            return MASK if isinstance(value, (str, bytes)) else f"{MASK} ({kind})"
        before = sys.gettrace()
        sys.settrace(_deadline(time.monotonic() + _SECONDS))
        try:
            shown = self.repr(value)
            return shown if len(shown) <= _WHOLE else f"{shown[:_WHOLE]}…"
        except _TooLong:
            return f"<{type(value).__name__}: its repr takes too long>"
        finally:
            sys.settrace(before)

    def text(self, value: str) -> str:
        """Return what is shown of a text that needs no quotes."""
        return self._short(value, len(value))

    def repr1(self, x: Any, level: int) -> str:
        """Return what is shown of a value so deep inside another."""
        try:
            return super().repr1(x, level)
        except Exception as error:  # noqa: BLE001 - a repr may raise anything
            return f"<{type(x).__name__}: its repr raised {type(error).__name__}>"

    def repr_instance(self, x: Any, level: int) -> str:
        """Return what is shown of a value of a class that is not known here."""
        return self._short(repr(x))

    def repr_str(self, x: str, level: int) -> str:
        """Return what is shown of a text."""
        return self._short(repr(self._veil.value(x[:_READ])), len(x))

    def repr_bytes(self, x: bytes, level: int) -> str:
        """Return what is shown of bytes."""
        return self._short(repr(x[:_READ]), len(x))

    def repr_int(self, x: int, level: int) -> str:
        """Return what is shown of a number; Python refuses to write very large ones."""
        return repr(x) if abs(x) < _LARGEST else f"<int of {x.bit_length()} bits>"

    def repr_tuple(self, x: tuple[Any, ...], level: int) -> str:
        """Return what is shown of a tuple; a pair may be a name and its value."""
        return self._pair(x, "()", level) or super().repr_tuple(x, level)

    def repr_list(self, x: list[Any], level: int) -> str:
        """Return what is shown of a list."""
        return self._pair(x, "[]", level) or super().repr_list(x, level)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Return what is shown of a dict, in its own order."""
        if level <= 0 and x:
            return "{...}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self._under(key, value, level)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        return f"{{{', '.join([*shown, *(['...'] if len(x) > self.maxdict else [])])}}}"

    def _pair(self, x: tuple[Any, ...] | list[Any], ends: str, level: int) -> str:
        if len(x) != 2 or level <= 0 or not self._is_secret(x[0]):
            return ""
        return f"{ends[0]}{self.repr1(x[0], level - 1)}, {MASK}{ends[1]}"

    def _under(self, key: object, value: object, level: int) -> str:
        return MASK if self._is_secret(key) else self.repr1(value, level - 1)

    def _is_secret(self, key: object) -> bool:
        name = key.decode("latin-1") if isinstance(key, bytes) else key
        return isinstance(name, str) and self._veil.is_secret(name)

    def _short(self, text: str, size: int = 0) -> str:
        shown = self._veil.value(text[:_READ])
        if len(shown) <= _LETTERS and size <= _READ:
            return shown
        return f"{shown[:_LETTERS]}… ({size or len(text):,} characters)"


def _is_code(value: object) -> bool:
    return isinstance(value, (ModuleType, FunctionType, type))


class _TooLong(BaseException):
    """Ends a repr; no `except Exception` of the project stops it."""


def _deadline(end: float) -> Callable[..., Any]:
    """Return what looks at the clock before each line of Python, and leaves when it is too late.

    Threads and signals belong to the project; a debugger has its own function back afterwards.
    """

    def look(_frame: FrameType, _event: str, _value: object) -> Callable[..., Any]:
        if time.monotonic() > end:
            raise _TooLong
        return look

    return look
