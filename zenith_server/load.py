"""The only place that imports the project's code."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest, ProjectFile


class ProjectFinder(MetaPathFinder):
    """Finds the modules of one project, and nothing else.

    Python's own finder lets an installed package named `models` win over a folder without
    `__init__.py`, makes of `users.py` beside `users/` a module that has no submodules, and cannot
    spell `[id]`. This one is asked first for the project's conventional folders.
    """

    def __init__(self, root: Path, files: Iterable[ProjectFile]) -> None:
        self.root = root
        self.files = {file.module: root / file.relative for file in files}
        self.packages = {file.relative.partition("/")[0] for file in files if "/" in file.relative}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the project is (the hook of `sys.meta_path`)."""
        if fullname.partition(".")[0] not in self.packages and fullname not in self.files:
            return None
        folder = self.root.joinpath(*fullname.split("."))
        file = self.files.get(fullname) or folder.with_suffix(".py")
        inside = [str(folder)] if folder.is_dir() else None
        if inside and (folder / "__init__.py").is_file() and fullname not in self.files:
            file = folder / "__init__.py"
        if file.is_file():
            return spec_from_file_location(fullname, file, submodule_search_locations=inside)
        if inside or fullname in self._parents:
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = inside or []
            return spec
        return None

    @property
    def _parents(self) -> set[str]:
        return {name.rpartition(".")[0] for name in self.files}


def enter(manifest: Manifest) -> None:
    """Make one project the project of this process: first on the import path, others forgotten.

    Example:
        >>> enter(scan(Path("example_project"), conventions))
    """
    root = manifest.root.resolve()
    for finder in [entry for entry in sys.meta_path if isinstance(entry, ProjectFinder)]:
        sys.meta_path.remove(finder)
        if finder.root != root:
            _forget(finder.root)
    sys.meta_path.insert(0, ProjectFinder(root, manifest.files))
    if str(root) in sys.path:
        sys.path.remove(str(root))
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()


def load(file: ProjectFile, root: Path) -> ModuleType:
    """Import one file of the project that was entered.

    Raises:
        ProjectError: the file, or one that it imports, fails to import; the fault names the line.

    Example:
        >>> load(manifest.of("model")[0], manifest.root)
    """
    try:
        module = importlib.import_module(file.module)
    except Exception as error:  # whatever user code raises is reported, not hidden
        raise ProjectError(import_fault(error, file, root)) from error
    found = getattr(module, "__file__", None)
    if found is None or Path(found) != root.resolve() / file.relative:
        raise ProjectError(_taken(file, found))
    return module


def import_fault(error: Exception, file: ProjectFile, root: Path) -> Fault:
    """Return what went wrong in an import, told by the last line of the project that ran."""
    place, code = _last_place(error, file, root)
    message = f"{type(error).__name__}: {_message(error)}"
    return Fault(
        f"{file.relative} cannot be imported",
        (place,),
        "\n".join(filter(None, [message, f"    {code}" if code else ""])),
        _remedies(error),
    )


def _last_place(error: Exception, file: ProjectFile, root: Path) -> tuple[str, str]:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_inside(error.filename, root)}:{error.lineno}", (error.text or "").strip()
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if Path(frame.filename).is_relative_to(root.resolve()):
            return f"{_inside(frame.filename, root)}:{frame.lineno}", frame.line or ""
    return file.relative, ""


def _inside(filename: str, root: Path) -> str:
    place = Path(filename)
    resolved = root.resolve()
    return place.relative_to(resolved).as_posix() if place.is_relative_to(resolved) else filename


def _message(error: Exception) -> str:
    return str(error.msg) if isinstance(error, SyntaxError) else str(error)


def _remedies(error: Exception) -> tuple[str, ...]:
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        return (
            f"If {top} is a library: install it where zenith-server runs, pip install {top}.",
            "If it is a file of the project: imports start at the project's folder.",
        )
    return ("Mend the line above.",)


def _taken(file: ProjectFile, found: str | None) -> Fault:
    return Fault(
        f"{file.relative} cannot be imported as {file.module}",
        (file.relative, found or "a built-in module"),
        "Another module of that name was imported before the project was.",
        (f"Rename {file.relative}.",),
    )


def _forget(root: Path) -> None:
    """Drop another project's modules, so that `models.user` is this project's from now on."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        places = [file] if file else list(getattr(module, "__path__", []))
        if any(Path(place).is_relative_to(root) for place in places):
            del sys.modules[name]
    if str(root) in sys.path:
        sys.path.remove(str(root))
