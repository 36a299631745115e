"""An exception as it is told: what was raised, in which lines, and what it came of."""

from __future__ import annotations

import builtins
import linecache
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import FrameType
from typing import cast

from zenith_server.error_page.variables import Variable, Variables
from zenith_server.error_page.veil import Veil
from zenith_server.error_page.windows import Sources, Window

_AROUND = 6
_AROUND_CALLS = 2
# Of an endless recursion the beginning and the end say everything.
_FIRST, _LAST = 15, 35
_MOST_LINKS = 12
_LETTERS = 8000


@dataclass(frozen=True, slots=True)
class Frame:
    """A line that was running when the exception was raised.

    Args:
        window: the line, and those around it.
        call: the function that it stands in.
        is_own: whether it is a line of the project.
        variables: what its function knew.
        skipped: how many frames before it are not told.
    """

    window: Window
    call: str
    is_own: bool
    variables: tuple[Variable, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception.

    Args:
        kind: its class; with its module, where that is not Python's own.
        message: what it says.
        notes: what was added to it later.
        frames: where it was raised, the innermost first.
        link: how it is related to the one before it, in words.
        others: those that it came of, or that it is made of.
    """

    kind: str
    message: str
    notes: tuple[str, ...]
    frames: tuple[Frame, ...]
    link: str = ""
    others: tuple[Raised, ...] = ()

    @property
    def own(self) -> tuple[Frame, ...]:
        """Its frames in the project, the innermost first."""
        return tuple(frame for frame in self.frames if frame.is_own)


class Reader:
    """Reads exceptions.

    Args:
        sources: where lines are read from.
        veil: covers what is secret.
    """

    def __init__(self, sources: Sources, veil: Veil) -> None:
        self._sources = sources
        self._veil = veil
        self._variables = Variables(veil)
        self._left = _MOST_LINKS

    def read(self, error: BaseException) -> Raised:
        """Return what can be told of an exception and of all that it came of."""
        summary = traceback.TracebackException.from_exception(
            error, lookup_lines=False, compact=True
        )
        return self._raised(error, summary, "")

    def _raised(
        self, error: BaseException, summary: traceback.TracebackException, link: str
    ) -> Raised:
        self._left -= 1
        given = getattr(error, "__notes__", ())
        notes = cast("list[object]", given) if isinstance(given, list) else []
        return Raised(
            kind_of(error),
            self._veil.text(_message(error, summary)),
            tuple(self._veil.text(str(note)) for note in notes),
            tuple(self._frames(error, summary)),
            link,
            tuple(self._others(error, summary)),
        )

    def _others(
        self, error: BaseException, summary: traceback.TracebackException
    ) -> Iterator[Raised]:
        group = cast("BaseExceptionGroup[BaseException]", error)
        members = group.exceptions if isinstance(error, BaseExceptionGroup) else ()
        for number, (one, its) in enumerate(zip(members, summary.exceptions or (), strict=False)):
            if self._left > 0:
                yield self._raised(one, its, f"{number + 1} of {len(members)} in the group")
        if error.__cause__ and summary.__cause__:
            other, its, link = error.__cause__, summary.__cause__, "caused by"
        elif error.__context__ and summary.__context__ and not error.__suppress_context__:
            other, its, link = error.__context__, summary.__context__, "raised while handling"
        else:
            return
        if self._left > 0:
            yield self._raised(other, its, link)

    def _frames(
        self, error: BaseException, summary: traceback.TracebackException
    ) -> Iterator[Frame]:
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            yield self._unread(error)
        walked = traceback.walk_tb(error.__traceback__)
        pairs = [(frame, each) for (frame, _), each in zip(walked, summary.stack, strict=False)]
        pairs.reverse()
        skipped = max(0, len(pairs) - _FIRST - _LAST)
        if skipped:
            pairs[_LAST : _LAST + skipped] = []
        first = next((i for i, (frame, _) in enumerate(pairs) if self._is_own(frame)), 0)
        for index, (frame, each) in enumerate(pairs):
            told = self._frame(frame, each, is_first=index == first, is_innermost=index == 0)
            yield replace(told, skipped=skipped) if skipped and index == _LAST else told

    def _frame(
        self,
        frame: FrameType,
        summary: traceback.FrameSummary,
        *,
        is_first: bool,
        is_innermost: bool,
    ) -> Frame:
        code, is_own = frame.f_code, self._is_own(frame)
        window = self._sources.window(
            code.co_filename,
            summary.lineno or 0,
            _AROUND if is_first else _AROUND_CALLS,
            begin=code.co_firstlineno,
            columns=_columns(summary),
        )
        shown = self._variables.of(frame) if is_own or is_innermost else ()
        call = "" if code.co_name == "<module>" else code.co_qualname
        return Frame(window, call, is_own, shown)

    def _is_own(self, frame: FrameType) -> bool:
        return self._sources.is_own(frame.f_code.co_filename)

    def _unread(self, error: SyntaxError) -> Frame:
        """The place at which Python gave up reading is no frame of the traceback."""
        file, line = error.filename or "", error.lineno or 1
        begin = max(0, (error.offset or 1) - 1)
        ends_here = (error.end_lineno or line) == line
        end = (error.end_offset or 0) - 1 if ends_here else begin + 1
        columns = (begin, max(begin + 1, end))
        window = self._sources.window(file, line, _AROUND, columns=columns)
        return Frame(window, "", self._sources.is_own(file))


def kind_of(error: BaseException) -> str:
    """Return the name of an exception's class, with its module unless it is Python's own."""
    kind = type(error)
    is_plain = kind.__module__ in ("builtins", "__main__")
    return kind.__qualname__ if is_plain else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException, summary: traceback.TracebackException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(summary)
    if len(said) > _LETTERS:
        return f"{said[:_LETTERS]}… ({len(said):,} characters)"
    return said if sys.version_info >= (3, 12) else f"{said}{_meant(error)}"


def _meant(error: BaseException) -> str:
    """What was perhaps meant, which Python says by itself from 3.12 on."""
    known: set[str] = set()
    if isinstance(error, NameError):
        for frame, _ in traceback.walk_tb(error.__traceback__):
            known = {*frame.f_locals, *frame.f_globals, *dir(builtins)}
    elif isinstance(error, AttributeError):
        known = set(dir(type(error.obj)))
    else:
        return ""
    close = get_close_matches(error.name or "", known, n=1)
    return f". Did you mean: {close[0]!r}?" if close else ""


def _columns(summary: traceback.FrameSummary) -> tuple[int, int] | None:
    """Which letters of its line were running; Python counts them in bytes."""
    line, begin, end = (
        linecache.getline(summary.filename, summary.lineno or 0),
        summary.colno,
        summary.end_colno,
    )
    if begin is None or end is None or (summary.end_lineno or 0) != summary.lineno:
        return None
    encoded = line.encode()
    found = tuple(len(encoded[:at].decode(errors="replace")) for at in (begin, end))
    is_whole = line.strip() == line[found[0] : found[1]]
    return None if is_whole or found[0] >= found[1] else (found[0], found[1])
