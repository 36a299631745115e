"""`zenith-server new`: a project that runs, to start from."""

from __future__ import annotations

from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Parameter

from zenith_server.errors import Fault, ProjectError

NewFolder = Annotated[Path, Parameter(help="The folder to make.")]

# In the package all names end in .txt, so that no tool takes the files for its own.
_NAMES = {"gitignore.txt": ".gitignore"}


def new(name: NewFolder) -> int:
    """Make a small project that runs, in a new folder."""
    if name.exists() and (not name.is_dir() or any(name.iterdir())):
        raise ProjectError(_exists(name))
    for relative, text in _template():
        _write(name / relative, text.replace("{name}", name.resolve().name), name)
    print(f"\nNext: zenith-server dev {_typed(name)}")
    return 0


def _typed(folder: Path) -> str:
    """A folder as it can be typed: quoted for the shell, and never taken for an option."""
    text = str(folder)
    return quote(f"./{text}" if text.startswith("-") else text)


def _write(file: Path, text: str, folder: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProjectError(_refused(folder, error)) from error
    print(f"created {file}")


def _template() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    _collect(resources("zenith_server.cli") / "template", "", found)
    return sorted(found)


def _collect(folder: Traversable, below: str, found: list[tuple[str, str]]) -> None:
    for entry in folder.iterdir():
        name = f"{below}{_NAMES.get(entry.name, entry.name.removesuffix('.txt'))}"
        if entry.is_file():
            found.append((name, entry.read_text("utf-8")))
        else:
            _collect(entry, f"{name}/", found)


def _exists(folder: Path) -> Fault:
    return Fault(
        f"{folder} is there already",
        why="A new project goes into a new or an empty folder, so that nothing is overwritten.",
        fixes=("Choose another name.",),
    )


def _refused(folder: Path, error: OSError) -> Fault:
    return Fault(
        f"{folder} cannot be made",
        (str(error.filename),),
        f"The system answered: {error.strerror}.",
        ("Choose a folder that you may write to.",),
    )
