"""What went wrong in project code, told in the project's own lines."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from zenith_server.errors import ProjectError
from zenith_server.runner.lifespan import LifespanError
from zenith_server.secrets import masked_text
from zenith_server.settings import Settings
from zenith_server.sources import is_project

log = logging.getLogger("zenith_server")

_MORE = "With --full-traceback the frames of libraries are shown too."


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


def page_of(error: BaseException | None, text: str, settings: Settings) -> str:
    """Return the page about a start that failed, where it is shown: in development, on reloading.

    Args:
        error: what the project raised, or was refused with, where that is known.
        text: the message about it.
        settings: of this start.
    """
    if settings.environment.name != "development" or not settings.server.reload:
        return ""
    from zenith_server.error_page import failure, page

    reason = error.reason if isinstance(error, LifespanError) else None
    try:
        return page.page(failure.of_start(reason or error, text, settings))
    except Exception:
        # The message is what counts; it is shown in any case.
        log.exception("The error page failed itself")
        return ""


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


def running(thread: int, root: Path) -> str:
    """Return where a thread of this process is right now, in the project's own lines."""
    frame: FrameType | None = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage]
    if frame is None:
        return ""
    return "".join(traceback.format_list(_kept(traceback.extract_stack(frame), root))).rstrip()
