"""What went wrong in project code, told in the project's own lines."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from zenith_server.errors import ProjectError
from zenith_server.secrets import masked_text

_MORE = "With --full-traceback the frames of libraries are shown too."
_NOT_THE_PROJECT = ("site-packages", "node_modules", ".venv", "venv")


def describe(error: BaseException, root: Path, *, full: bool = False) -> str:
    """Return the message for an error that came out of project code.

    Args:
        error: a `ProjectError` speaks for itself; of any other exception the frames of the
            project are kept (the last one where it has none), with its causes.
        root: the project's folder.
        full: whether the frames of libraries are told too.

    Example:
        >>> describe(ProjectError(), Path("/project"))
        ''
    """
    if isinstance(error, ProjectError):
        return masked_text(str(error))
    summary = traceback.TracebackException.from_exception(error)
    if not full:
        _trim(summary, root)
    told = masked_text("".join(summary.format()).rstrip())
    return told if full else f"{told}\n\n{_MORE}"


def _trim(summary: traceback.TracebackException, root: Path) -> None:
    kept = _kept(summary.stack, root)
    # Only what is known of a syntax error has a line of its own.
    unread = hasattr(summary, "lineno")
    ours = [frame for frame in kept if not unread or is_project(frame.filename, root)]
    summary.stack = traceback.StackSummary.from_list(ours)
    linked = [summary.__cause__, summary.__context__, *(summary.exceptions or ())]
    for other in linked:
        if other is not None:
            _trim(other, root)


def _kept(stack: Iterable[traceback.FrameSummary], root: Path) -> list[traceback.FrameSummary]:
    frames = list(stack)
    return [frame for frame in frames if is_project(frame.filename, root)] or frames[-1:]


def is_project(filename: str, root: Path) -> bool:
    """Say whether a source file belongs to the project, and not to libraries installed in it."""
    file, folder = Path(filename).resolve(), root.resolve()
    if not file.is_relative_to(folder):
        return False
    return not is_installed(str(file.relative_to(folder)))


def is_installed(relative: str) -> bool:
    """Say whether a file in the project's folder belongs to a library that is installed there.

    Example:
        >>> is_installed("venv/lib/python3.11/site-packages/h11/_util.py")
        True
    """
    return not {*Path(relative).parts}.isdisjoint(_NOT_THE_PROJECT)


def running(thread: int, root: Path) -> str:
    """Return where a thread of this process is right now, in the project's own lines."""
    frame: FrameType | None = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage]
    if frame is None:
        return ""
    return "".join(traceback.format_list(_kept(traceback.extract_stack(frame), root))).rstrip()
