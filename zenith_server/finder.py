"""Where the modules of a project are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from zenith_server.manifest import ProjectFile
from zenith_server.names import module_of


class ProjectFinder(MetaPathFinder):
    """Finds the modules of one project, and nothing else.

    Python's own finder lets an installed package named `models` win over a folder without
    `__init__.py`, makes of `users.py` beside `users/` a module that has no submodules, and cannot
    spell `[id]`. This one is asked first for the project's conventional folders.
    """

    def __init__(self, root: Path, files: Iterable[ProjectFile]) -> None:
        self.root = root
        self.variables: dict[str, str] = {}
        files = tuple(files)
        # Places are text here, which is much cheaper than paths are: it is asked for each file.
        self.files = {file.module: _below(root, file.relative) for file in files}
        self.folders = {
            module_of(folder): _below(root, folder)
            for folder in _folders(file.relative for file in files)
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the project is (the hook of `sys.meta_path`)."""
        if fullname.partition(".")[0] not in self.folders and fullname not in self.files:
            return None
        above = next(iter(path or ()), str(self.root))
        place = f"{above}{os.sep}{fullname.rpartition('.')[2]}"
        folder = self.folders.get(fullname, place)
        inside = [folder] if os.path.isdir(folder) else None  # noqa: PTH112
        known = self.files.get(fullname, "")
        for file in (known, f"{folder}{os.sep}__init__.py", f"{place}.py"):
            if os.path.isfile(file):  # noqa: PTH113
                return _spec(fullname, file, inside)
        if inside is None:
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = inside
        return spec

    def lend(self, variables: Mapping[str, str]) -> None:
        """Add variables that are not set to the environment of the process."""
        self.variables = {k: v for k, v in variables.items() if k not in os.environ}
        os.environ.update(self.variables)

    def take_back(self) -> None:
        """Remove the variables that were added and not changed since."""
        for name, value in self.variables.items():
            if os.environ.get(name) == value:
                del os.environ[name]
        self.variables = {}


class _Package(ModuleType):
    """A file with a folder of its name; what it defines is not replaced by what lies in there.

    Python binds a module to its parent when it is imported: `routes/users/get.py` would take the
    place of the function `get` in `routes/users.py`.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(self).get(name)
        is_taken = own is not None and not isinstance(own, ModuleType)
        if not (is_taken and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


class _PackageLoader(SourceFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Package(spec.name)


def _below(root: Path, relative: str) -> str:
    return f"{root}{os.sep}{relative.replace('/', os.sep)}"


def _folders(files: Iterable[str]) -> set[str]:
    """All folders above files, as text, which is much cheaper than paths are."""
    found: set[str] = set()
    for file in files:
        folder = file.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _spec(fullname: str, file: str, inside: list[str] | None) -> ModuleSpec | None:
    loader = SourceFileLoader if inside is None else _PackageLoader
    return spec_from_file_location(
        fullname, file, loader=loader(fullname, file), submodule_search_locations=inside
    )
