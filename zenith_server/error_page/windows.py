"""The lines around a place in a file, as they are shown."""

from __future__ import annotations

import linecache
import sysconfig
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from zenith_server.error_page.colours import Span, coloured
from zenith_server.error_page.veil import Veil
from zenith_server.sources import is_project

# How far before a window its function may begin and still be read, for the sake of the colours.
_FURTHEST = 400
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """A few lines of a file.

    Args:
        file: the whole path.
        name: how it is called: relative to the project, or to the folder of libraries.
        line: the line that it is about.
        first: the number of the first line in it.
        lines: what stands in each.
        columns: which letters of the line it is about, from 0, the end not included.
    """

    file: str
    name: str
    line: int
    first: int
    lines: tuple[tuple[Span, ...], ...] = ()
    columns: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """The line that it is about, without colours and indentation."""
        index = self.line - self.first
        known = 0 <= index < len(self.lines)
        return "".join(text for _, text in self.lines[index]).strip() if known else ""


class Sources:
    """Reads windows from files.

    Args:
        root: the project's folder.
        veil: covers what is secret.
    """

    def __init__(self, root: Path, veil: Veil) -> None:
        self._root = root.resolve()
        self._veil = veil
        self._own: dict[str, bool] = {}

    def is_own(self, file: str) -> bool:
        """Whether a file is one of the project."""
        if file not in self._own:
            self._own[file] = is_project(file, self._root)
        return self._own[file]

    def window(
        self,
        file: str,
        line: int,
        around: int,
        *,
        begin: int = 0,
        columns: tuple[int, int] | None = None,
    ) -> Window:
        """Return the window around a line; without lines where the file cannot be read.

        Args:
            file: as Python has it.
            line: the line, from 1.
            around: how many lines before it and after it.
            begin: the line at which its function begins, if that is known.
            columns: as the window has it.
        """
        linecache.checkcache(file)
        every = [each.rstrip("\n") for each in linecache.getlines(file)]
        first, last = _edges(every, line, around)
        begin = begin if 0 < begin <= first and first - begin < _FURTHEST else first
        shown = self._shown(file, every[begin - 1 : last])[first - begin :]
        name, rows = self.name(file), tuple(map(tuple, shown))
        window = Window(file, name, line, first, rows, columns)
        whole = every[line - 1] if 0 < line <= len(every) else ""
        # What was covered has other columns.
        return window if window.text == whole.strip() else replace(window, columns=None)

    def place(self, where: str, around: int) -> Window | None:
        """Return the window of a place as messages name it, `routes/index.py:3`, if it is one.

        Nothing is shown of .env files, in which any line may be secret.
        """
        name, _, number = where.rpartition(":")
        file = self._root / name
        if not number.isdecimal() or not file.is_file() or file.name.startswith(".env"):
            return None
        return self.window(str(file), int(number), around, begin=1)

    def name(self, file: str) -> str:
        """Return how a file is called: as short as it can be found by."""
        for folder in (self._root, *_libraries()):
            if Path(file).is_relative_to(folder):
                return Path(file).relative_to(folder).as_posix()
        return file

    def _shown(self, file: str, lines: list[str]) -> list[list[Span]]:
        if file.endswith((".yaml", ".yml", ".toml", ".ini")):
            return [[("", self._veil.configuration(line[:_LONGEST]))] for line in lines]
        covered = [self._veil.source(line[:_LONGEST]) for line in lines]
        is_python = file.endswith(".py") or file.startswith("<")
        return coloured(covered) if is_python and covered else [[("", line)] for line in covered]


@lru_cache(maxsize=1)
def _libraries() -> tuple[Path, ...]:
    """The folders that libraries are imported from, the innermost first."""
    paths = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")}
    ours = Path(__file__).parents[2]
    return tuple(sorted({*paths, ours}, key=lambda path: len(path.parts), reverse=True))


def _edges(lines: list[str], line: int, around: int) -> tuple[int, int]:
    """The first line to show and the last, none of them empty."""
    first, last = max(1, line - around), min(len(lines), line + around)
    while first < min(line, len(lines)) and not lines[first - 1].strip():
        first += 1
    while last > line and not lines[last - 1].strip():
        last -= 1
    return first, last
