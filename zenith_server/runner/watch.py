"""Which saves matter: everything in the project's folder but what tools and databases write."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

_FOLDERS = frozenset(
    (
        "__pycache__", ".git", ".hg", ".svn", ".venv", "venv", "node_modules", ".idea", ".vscode",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox",
    )
)  # fmt: skip
_DATA_FOLDER = "data"
# Databases; compiled files; what vim, Emacs, JetBrains, KDE and GNOME editors write beside a file.
_FILES = re.compile(
    r"\.sqlite3?(-\w+)?$|\.sqlite3.*|\.db(-\w+)?$|\.py[co]$|\.sw[a-px]$|~$|^\.#|^#.*#$|^4913$"
    r"|\.tmp$|___jb_(tmp|old)___$|\.kate-swp$|^\.goutputstream-|^\.DS_Store$|^\.coverage"
)
_QUIET_MS = 30
_POLL_MS = 200


def matters(file: str, root: Path) -> bool:
    """Say whether a change of this file is a change of the project.

    Example:
        >>> matters("/project/routes/index.py", Path("/project"))
        True
        >>> matters("/project/data/dev.sqlite3-wal", Path("/project"))
        False
    """
    *folders, name = Path(file).relative_to(root).parts or (".",)
    if _FOLDERS & {*folders, name} or (folders and folders[0] == _DATA_FOLDER):
        return False
    return name != _DATA_FOLDER and not _FILES.search(name)


async def changes(root: Path) -> AsyncIterator[list[str]]:
    """Yield the files that changed, relative to the project's folder, a batch for each save.

    The folder is polled where the system sends no events, if WATCHFILES_FORCE_POLLING is set.
    """
    from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

    def wanted(_change: Change, file: str) -> bool:
        return matters(file, root)

    batches: AsyncIterator[set[tuple[Change, str]]] = awatch(
        root, watch_filter=wanted, step=_QUIET_MS, debounce=10 * _QUIET_MS, poll_delay_ms=_POLL_MS
    )
    async for batch in batches:
        yield sorted({str(Path(file).relative_to(root)) for _, file in batch})
