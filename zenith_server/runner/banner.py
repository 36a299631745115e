"""What the runner tells the person in front of it, or the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from msgspec import Struct

from zenith_server.errors import Fault
from zenith_server.runner.changes import Change
from zenith_server.runner.program import Facts

_DIM, _RED, _GREEN, _YELLOW, _PLAIN = "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[0m"

_SIGNS = {"+": _GREEN, "~": _YELLOW, "-": _RED}
_MOST = 10
"""The number of changed routes that are named one by one."""


class Serving(Struct, frozen=True):
    """What is true once the workers serve.

    Args:
        seconds: from the start of the command until the last worker was ready.
    """

    environment: str
    reason: str
    url: str
    engine: str
    workers: int
    facts: Facts
    seconds: float

    def rows(self) -> Facts:
        """Return the rows of the banner, each a name and a value."""
        workers = f"{self.workers} worker{'' if self.workers == 1 else 's'}"
        return (
            ("environment", f"{self.environment} ({self.reason})"),
            ("address", self.url),
            ("engine", f"{self.engine} × {workers}"),
            *self.facts,
        )


class Report:
    """Prints events; aligned and coloured for a person, one plain line each for a log.

    Args:
        stream: where to, normally standard error.
        person: whether a person is reading: a terminal, in development.
        environ: looked at for NO_COLOR (https://no-color.org).
    """

    def __init__(
        self, stream: TextIO = sys.stderr, *, person: bool, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._stream = stream
        self._person = person
        self._coloured = person and not environ.get("NO_COLOR")

    def serving(self, state: Serving) -> None:
        """Say, once, what serves where."""
        ready = f"ready in {milliseconds(state.seconds)}"
        if not self._person:
            facts = ", ".join(f"{name}: {value}" for name, value in state.rows())
            self._line(f"{ready}; {facts}")
            return
        self._line("")
        width = max(len(name) for name, _ in state.rows())
        for name, value in state.rows():
            self._line(f"  {self._styled(_DIM, name.ljust(width))}  {value}")
        self._line(f"\n  {self._styled(_GREEN, ready)}\n")

    def reloaded(self, seconds: float, cause: str, changed: Sequence[Change] = ()) -> None:
        """Say that new code serves.

        Args:
            seconds: from the event until the new worker was ready.
            cause: what made it necessary, such as the file that changed.
            changed: what it did to the routes.
        """
        self._line(f"{self._styled(_GREEN, 'reloaded')} in {milliseconds(seconds)}: {cause}")
        width = max((len(change.route) for change in changed[:_MOST]), default=0)
        for change in changed[:_MOST]:
            sign = self._styled(_SIGNS[change.sign], change.sign)
            self._line(f"  {sign} {change.route.ljust(width)}  {self._styled(_DIM, change.place)}")
        if len(changed) > _MOST:
            self._line(f"  and {len(changed) - _MOST} more routes")

    def failed(self, text: str) -> None:
        """Say what is wrong, in full."""
        first, newline, rest = text.partition("\n")
        self._line(f"\n{self._styled(_RED, first)}{newline}{rest}\n" if self._person else text)

    def warned(self, warning: Fault) -> None:
        """Say what is unwise, where it is said, and what to do, in one line."""
        where = f" ({', '.join(warning.where)})" if warning.where else ""
        text = " ".join([f"{warning.what}{where}.", *warning.fixes[:1]])
        self._line(f"{self._styled(_YELLOW, 'warning:')} {text}")

    def note(self, text: str) -> None:
        """Say something worth knowing in one line."""
        self._line(text)

    def _styled(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._coloured else text

    def _line(self, text: str) -> None:
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            # The terminal or the reader of the log has gone; serving goes on.
            return


def milliseconds(seconds: float) -> str:
    """Write a duration.

    Example:
        >>> milliseconds(0.0834)
        '83 ms'
    """
    return f"{seconds * 1000:.0f} ms"
