"""Which saves matter: those of code and configuration, not what tools and the app itself write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

# An app may write logs, uploads and data into its own folder: a reload for each would never end.
_SUFFIXES = frozenset((".py", ".yaml", ".yml", ".toml", ".sql", ".graphql"))
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
_QUIET_MS = 30
_POLL_MS = 200


def matters(file: Path, root: Path) -> bool:
    """Say whether a change of this file, or of this folder, is a change of the project.

    Example:
        >>> matters(Path("/project/routes/index.py"), Path("/project"))
        True
        >>> matters(Path("/project/server.log"), Path("/project"))
        False
    """
    parts = file.relative_to(root).parts
    if (
        not parts
        or _FOLDERS & {*parts}
        or parts[:1] == (_DATA_FOLDER,)
        or file.name.startswith(_EDITORS)
    ):
        return False
    if file.suffix in _SUFFIXES or file.name.startswith(".env"):
        return True
    return not file.suffix and _may_hold_code(file)


def _may_hold_code(folder: Path) -> bool:
    """Say whether a folder that came or went may have brought or taken modules."""
    return not folder.exists() or next(folder.rglob("*.py"), None) is not None


async def changes(root: Path) -> AsyncIterator[list[str]]:
    """Yield the files that changed, relative to the project's folder, a batch for each save.

    The folder is polled where the system sends no events, if WATCHFILES_FORCE_POLLING is set.
    """
    from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

    def wanted(_change: Change, file: str) -> bool:
        return matters(Path(file), root)

    batches: AsyncIterator[set[tuple[Change, str]]] = awatch(
        root, watch_filter=wanted, step=_QUIET_MS, debounce=10 * _QUIET_MS, poll_delay_ms=_POLL_MS
    )
    async for batch in batches:
        yield sorted({str(Path(file).relative_to(root)) for _, file in batch})
