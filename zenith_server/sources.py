"""Whose code a file holds: the project's own, or that of libraries."""

from __future__ import annotations

from pathlib import Path

_NOT_THE_PROJECT = ("site-packages", "node_modules", ".venv", "venv")


def is_project(filename: str, root: Path) -> bool:
    """Say whether a source file belongs to the project, and not to libraries installed in it.

    Args:
        filename: as Python has it, which for code without a file is a name such as <string>.
        root: the project's folder.
    """
    if filename.startswith("<"):
        return False
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
