"""Which file of the project plays which part: strings only, made without importing any of it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from zenith_server.errors import Fault


class Convention(Struct, frozen=True):
    """The files that a plugin calls its own.

    Args:
        kind: what such a file is, in one word: `route`, `model`.
        folder: the folder inside the project; empty for the project itself.
        name: the file name, exact or with `*`; an exact name wins over a pattern.
        deep: whether the folders below count too.
        meaning: one line for people.

    Example:
        >>> Convention("model", "models", meaning="SQLAlchemy models").matches("models/user.py")
        True
    """

    kind: str
    folder: str
    name: str = "*.py"
    deep: bool = True
    meaning: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether it names one file name and not a pattern."""
        return "*" not in self.name

    def covers(self, folder: str) -> bool:
        """Whether files directly in this folder can be its files."""
        return folder == self.folder or (self.deep and folder.startswith(f"{self.folder}/"))

    def matches(self, relative: str) -> bool:
        """Whether a file inside the project is one of its files."""
        folder, _, name = relative.rpartition("/")
        return self.covers(folder) and self.names(name)

    def names(self, name: str) -> bool:
        """Whether a file that lies where it looks is one of its files, by its name."""
        return name == self.name if self.is_exact else _ends(name, self.name)


class ProjectFile(Struct, frozen=True):
    """One file with a part to play."""

    kind: str
    relative: str
    module: str


class SkippedFile(Struct, frozen=True):
    """One file without a part, and why."""

    relative: str
    reason: str


class Manifest(Struct, frozen=True):
    """The project as a list of files, sorted, before anything is imported."""

    root: Path
    files: tuple[ProjectFile, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    faults: tuple[Fault, ...] = ()

    def of(self, kind: str) -> tuple[ProjectFile, ...]:
        """Return the files of one kind, in order."""
        return tuple(file for file in self.files if file.kind == kind)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values for `--json`."""
        return {
            "root": str(self.root),
            "files": [asdict(file) for file in self.files],
            "skipped": [asdict(file) for file in self.skipped],
        }


def _ends(name: str, pattern: str) -> bool:
    head, _, tail = pattern.partition("*")
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
