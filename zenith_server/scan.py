"""Folder in, manifest out. Reads names only, never what is in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention, Manifest, ProjectFile, SkippedFile
from zenith_server.names import module_of, natural, wrong_case


def scan(root: Path, conventions: Iterable[Convention]) -> Manifest:
    """Return which file of a project plays which part.

    Args:
        root: the project's folder.
        conventions: what counts as what; the first that matches wins, exact names before patterns.

    Raises:
        ProjectError: there is no such folder. Lesser faults are in the manifest.

    Example:
        >>> scan(Path("example_project"), [Convention("model", "models")]).of("model")
    """
    check_folder(root)
    ordered = sorted(conventions, key=lambda convention: not convention.is_exact)
    files: list[ProjectFile] = []
    skipped: list[SkippedFile] = []
    faults: list[Fault] = []
    near: dict[str, list[Convention]] = {}
    for relative in _walk(root, ordered, faults):
        folder, _, name = relative.rpartition("/")
        if folder not in near:
            near[folder] = [c for c in ordered if _looks_in(c, folder)]
        kind = next((c.kind for c in near[folder] if _is_match(c, name)), None)
        if kind is None:
            skipped.append(SkippedFile(relative, _reason(relative)))
            faults.extend(_wrong_case(relative, ordered))
        else:
            files.append(ProjectFile(kind, relative, module_of(relative)))
    return Manifest(root, tuple(files), tuple(skipped), tuple(faults))


def check_folder(root: Path) -> None:
    """Make sure that there is such a folder.

    Raises:
        ProjectError: there is nothing of that name, or it is a file.
    """
    if not root.is_dir():
        raise ProjectError(_file(root) if root.exists() else _no_folder(root))


def _walk(root: Path, conventions: list[Convention], faults: list[Fault]) -> Iterator[str]:
    """Yield every file that lies where some convention looks, in natural order."""
    tops = {convention.folder.partition("/")[0] for convention in conventions}
    for entry in _entries(root):
        if entry.is_dir() and entry.name not in tops:
            if entry.name.lower() in tops:
                faults.append(wrong_case(entry.name, entry.name.lower()))
        elif entry.is_dir() or entry.name.endswith(".py"):
            faults.extend(_shadow(entry.name))
            yield from _reached(root, entry.name, entry, faults)


def _reached(
    root: Path, relative: str, entry: os.DirEntry[str], faults: list[Fault]
) -> Iterator[str]:
    """Yield a file, or every file below a folder, unless a link leads where nobody looks."""
    is_hidden = _is_hidden(entry.name)
    fault = _bad_link(root, relative) if entry.is_symlink() and not is_hidden else None
    if fault is not None:
        faults.append(fault)
    elif not entry.is_dir():
        yield relative
    elif not is_hidden:
        for inner in _entries(entry.path):
            yield from _reached(root, f"{relative}/{inner.name}", inner, faults)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: natural(entry.name))


def _is_hidden(name: str) -> bool:
    # RFC 8615 gives one dotted folder a meaning in URLs.
    return name == "__pycache__" or (name.startswith(".") and name != ".well-known")


def _bad_link(root: Path, relative: str) -> Fault | None:
    link = root / relative
    target = link.resolve()
    if not target.is_relative_to(root.resolve()):
        return _outside(relative)
    if not target.exists():
        return _dangling(relative)
    return _circle(relative) if link.parent.resolve().is_relative_to(target) else None


def _looks_in(convention: Convention, folder: str) -> bool:
    """Whether the files of a folder can be its files; an underscore before its name forbids it."""
    if not convention.covers(folder):
        return False
    return not any(part.startswith("_") for part in folder[len(convention.folder) :].split("/"))


def _is_match(convention: Convention, name: str) -> bool:
    """Whether a file of a folder where it looks is its own, by its name."""
    is_private = name.startswith("." if convention.is_exact else (".", "_"))
    return not is_private and convention.names(name)


def _reason(relative: str) -> str:
    name = relative.rpartition("/")[2]
    if name == "__init__.py":
        return "packages need no marker here"
    if name.startswith("."):
        return "hidden"
    if not name.endswith(".py"):
        return "not a Python file"
    if any(part.startswith("_") for part in relative.split("/")):
        return "private: it can be imported and has no part of its own"
    return "no convention looks here"


def _wrong_case(relative: str, conventions: list[Convention]) -> Iterator[Fault]:
    folder, _, name = relative.rpartition("/")
    for convention in conventions:
        is_meant = convention.is_exact and convention.covers(folder) and name != convention.name
        if is_meant and name.lower() == convention.name:
            yield wrong_case(relative, f"{folder}/{convention.name}".lstrip("/"))
            return


def _no_folder(root: Path) -> Fault:
    return Fault(
        f"There is no folder {root}",
        why="Zenith Server serves a project folder.",
        fixes=(
            "Check the path; it is taken from the current directory.",
            f"Make a new project: zenith-server new {root.name}",
        ),
    )


def _file(root: Path) -> Fault:
    return Fault(
        f"{root} is a file, not a folder",
        why="Zenith Server serves a project folder.",
        fixes=(f"Name the folder of the project, such as {root.parent}.",),
    )


def _outside(relative: str) -> Fault:
    return Fault(
        f"{relative} is a link that leads out of the project",
        (relative,),
        "What the server runs must lie in the project's folder, where it is watched and reviewed.",
        ("Copy the file into the project.", "Or import it as a package from a file here."),
    )


def _dangling(relative: str) -> Fault:
    return Fault(
        f"{relative} is a link to nothing",
        (relative,),
        "It says that there is a file, and there is none.",
        ("Delete the link, or restore the file that it leads to.",),
    )


def _circle(relative: str) -> Fault:
    return Fault(
        f"{relative} is a link to a folder that it lies in",
        (relative,),
        "Whoever follows it never comes to an end.",
        ("Delete the link.",),
    )


def _shadow(name: str) -> Iterator[Fault]:
    if name.removesuffix(".py") in sys.stdlib_module_names:
        yield Fault(
            f"{name} hides Python's own module {name.removesuffix('.py')}",
            (name,),
            "The project's folder comes first on the import path, so every library would get it.",
            (f"Rename {name}, or move it into a folder.",),
        )
