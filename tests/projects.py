"""Tiny projects, written inline by the test that needs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write each file, its text dedented, below the folder and return the folder.

    Example:
        >>> write_project(tmp_path, {"routes/index.py": "async def get(): return 'hi'"})
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
    return folder
