"""Which line of the project a statement comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from greenlet import getcurrent

_OURS = str(Path(__file__).parent.parent)
_LIBRARY = tuple({str(Path(folder)) for folder in (sys.prefix, sys.base_prefix)})


def asking() -> str:
    """Return file and line of the innermost code that is neither ours nor a library's.

    Example:
        >>> asking()
        'routes/articles.py:12'
    """
    for frame in _frames():
        file = frame.f_code.co_filename
        if not file.startswith(("<", _OURS, *_LIBRARY)) and "site-packages" not in file:
            return f"{_short(file)}:{frame.f_lineno}"
    return ""


def _frames() -> Iterator[FrameType]:
    """The frames of this call; SQLAlchemy runs in a greenlet, whose parent is who awaits it."""
    current = getcurrent()
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        yield frame
        frame = frame.f_back
    if current.parent is not None:
        frame = current.parent.gr_frame
        while frame is not None:
            yield frame
            frame = frame.f_back


def _short(file: str) -> str:
    """A path as people know it: from the project's folder, which is first on the import path."""
    folder = f"{sys.path[0]}/"
    return file.removeprefix(folder)
