"""Which saves matter: of code and configuration, and of what pages are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from watchfiles import Change

# An app may write logs, uploads and data into its own folder: a reload for each would never end.
_SUFFIXES = frozenset((".py", ".yaml", ".yml", ".toml", ".sql", ".graphql"))
# Not images and the like: elsewhere than in these folders they are what users upload.
_PAGE_SUFFIXES = frozenset((".html", ".htm", ".jinja", ".jinja2", ".j2", ".css", ".js", ".mjs"))
_PAGE_FOLDERS = frozenset(("templates", "static"))
_FOLDERS = frozenset(
    [
        "__pycache__",
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        ".idea",
        ".vscode",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
    ]
)
_DATA_FOLDER = "data"
# What Emacs and JetBrains editors write beside a file while it is edited.
_EDITORS = (".#", "#", "___jb_")
# A save in several pieces is one save if they are no further apart.
_QUIET_MS, _LONGEST_MS = 10, 300
_POLL_MS = 200


class Saved(Struct, frozen=True):
    """Files that changed together, relative to the project's folder.

    Args:
        code: what only a fresh process has: code and configuration.
        pages: what is read anew for each answer: templates, styles, scripts, images.
    """

    code: tuple[str, ...]
    pages: tuple[str, ...] = ()


def matters(file: Path, root: Path) -> bool:
    """Say whether a change of this file, or of this folder, is a change of the code.

    Example:
        >>> matters(Path("/project/routes/index.py"), Path("/project"))
        True
        >>> matters(Path("/project/server.log"), Path("/project"))
        False
    """
    if _is_written_by_others(file, root):
        return False
    if file.suffix in _SUFFIXES or file.name.startswith(".env"):
        return True
    return not file.suffix and not _is_page(file, root) and _may_hold_code(file)


def shows(file: Path, root: Path) -> bool:
    """Say whether a change of this file is one that no process needs to start anew for.

    Example:
        >>> shows(Path("/project/templates/page.html"), Path("/project"))
        True
    """
    if _is_written_by_others(file, root) or file.suffix in _SUFFIXES:
        return False
    # In these folders everything counts by its place, so what editors write beside a file does.
    is_copy = file.name.startswith(".") or file.name.endswith(("~", "___jb_tmp___", "___jb_old___"))
    return not is_copy and _is_page(file, root)


def _is_page(file: Path, root: Path) -> bool:
    folders = file.relative_to(root).parts[:-1]
    return file.suffix in _PAGE_SUFFIXES or (not file.is_dir() and bool(_PAGE_FOLDERS & {*folders}))


def _is_written_by_others(file: Path, root: Path) -> bool:
    parts = file.relative_to(root).parts
    return (
        not parts
        or bool(_FOLDERS & {*parts})
        or parts[:1] == (_DATA_FOLDER,)
        or file.name.startswith(_EDITORS)
    )


def _may_hold_code(folder: Path) -> bool:
    """Say whether a folder that came or went may have brought or taken modules."""
    return not folder.exists() or next(folder.rglob("*.py"), None) is not None


async def changes(root: Path) -> AsyncIterator[Saved]:
    """Yield the files that changed, a batch for each save.

    The folder is polled where the system sends no events, if WATCHFILES_FORCE_POLLING is set.
    """
    from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

    def wanted(_change: Change, file: str) -> bool:
        return matters(Path(file), root) or shows(Path(file), root)

    batches: AsyncIterator[set[tuple[Change, str]]] = awatch(
        root, watch_filter=wanted, step=_QUIET_MS, debounce=_LONGEST_MS, poll_delay_ms=_POLL_MS
    )
    seen = Seen()
    async for batch in batches:
        new = seen.new({Path(file) for _, file in batch})
        if new:
            yield _saved(new, root)


class Seen:
    """Remembers how files were when they were told of.

    One save is several events (the file is emptied, written, closed), and on a busy machine the
    last of them may come late, when the file has long been read as it is.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, ...]] = {}

    def new(self, files: Iterable[Path]) -> set[Path]:
        """Return those files that are not as they were."""
        now = {file: _state(file) for file in files}
        changed = {file for file, state in now.items() if self._known.get(file) != state}
        self._known.update(now)
        return changed


def _state(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _saved(files: Iterable[Path], root: Path) -> Saved:
    pages = {file for file in files if shows(file, root)}
    code = {*files} - pages
    return Saved(_relative(code, root), _relative(pages, root))


def _relative(files: Iterable[Path], root: Path) -> tuple[str, ...]:
    return tuple(sorted(str(file.relative_to(root)) for file in files))
