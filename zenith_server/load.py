"""The only place that imports the project's code."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, ModuleType

from zenith_server.errors import Fault, ProjectError
from zenith_server.finder import ProjectFinder
from zenith_server.manifest import Manifest, ProjectFile
from zenith_server.secrets import masked_text

_NONE: Mapping[str, str] = MappingProxyType({})


def enter(manifest: Manifest, variables: Mapping[str, str] = _NONE) -> None:
    """Make one project the project of this process: first on the import path, others forgotten.

    Args:
        manifest: the project's files.
        variables: what its .env files say, for code that looks in `os.environ`; a variable that
            is set already stays as it is.

    Example:
        >>> enter(scan(Path("example_project"), conventions))
    """
    root = manifest.root.resolve()
    for finder in _entered():
        sys.meta_path.remove(finder)
        finder.take_back()
        if finder.root != root:
            _forget(finder)
    finder = ProjectFinder(root, manifest.files)
    finder.lend(variables)
    sys.meta_path.insert(0, finder)
    if str(root) in sys.path:
        sys.path.remove(str(root))
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()


def take_back_variables() -> None:
    """Remove what an entered project's .env files say from the environment of this process.

    Without it the settings of the next project would read them as if somebody had set them.
    """
    for finder in _entered():
        finder.take_back()


def load(file: ProjectFile, root: Path) -> ModuleType:
    """Import one file of the project that was entered.

    Raises:
        ProjectError: the file, or one that it imports, fails to import; the fault names the line.

    Example:
        >>> load(manifest.of("model")[0], manifest.root)
    """
    _refuse_taken(file, root)
    try:
        return importlib.import_module(file.module)
    except ProjectError as error:
        raise ProjectError(*_placed(error, file, root)) from error
    except (Exception, SystemExit) as error:
        raise ProjectError(import_fault(error, file, root)) from error


def import_fault(error: BaseException, file: ProjectFile, root: Path) -> Fault:
    """Return what went wrong in an import, told by the last line of the project that ran."""
    place, code = _last_place(error, file, root)
    message = f"{type(error).__name__}: {_message(error)}"
    return Fault(
        f"{file.relative} cannot be imported",
        # A file that is imported by another one breaks both.
        (place,) if place.startswith(file.relative) else (place, file.relative),
        "\n".join(filter(None, [message, f"    {code}" if code else ""])),
        _remedies(error, root),
        error,
    )


def relative_of(filename: str, root: Path) -> str | None:
    """Return a source file's path inside the project, or nothing for code from elsewhere.

    An environment with libraries may lie in the project's folder; those are not its code.
    """
    # As text, which is much cheaper than paths are: it is asked for each handler.
    folder = f"{_resolved(root)}{os.sep}"
    if not filename.startswith(folder):
        return None
    parts = filename.removeprefix(folder).split(os.sep)  # noqa: PTH206
    return None if "site-packages" in parts else "/".join(parts)


# Asked for each handler and file of one project, and then perhaps for those of another.
_resolved = functools.lru_cache(maxsize=2)(Path.resolve)


def _entered() -> list[ProjectFinder]:
    return [finder for finder in sys.meta_path if isinstance(finder, ProjectFinder)]


def _placed(error: ProjectError, file: ProjectFile, root: Path) -> list[Fault]:
    place, _ = _last_place(error, file, root)
    return [replace(f, where=(place, *f.where)) for f in error.faults]


def with_traceback(error: ProjectError) -> tuple[Fault, ...]:
    """Return the faults of a failed import with every frame that led to it, those of libraries too.

    Args:
        error: what `load` raised.
    """
    if error.__cause__ is None:
        return error.faults
    frames = masked_text("".join(traceback.format_exception(error.__cause__)).rstrip())
    return tuple(replace(fault, why=f"{fault.why}\n\n{frames}") for fault in error.faults)


def _last_place(error: BaseException, file: ProjectFile, root: Path) -> tuple[str, str]:
    if isinstance(error, SyntaxError) and error.filename:
        relative = relative_of(error.filename, root) or error.filename
        return f"{relative}:{error.lineno}", (error.text or "").strip()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        relative = relative_of(frame.filename, root)
        if relative is not None:
            return f"{relative}:{frame.lineno}", frame.line or ""
    return file.relative, ""


def _message(error: BaseException) -> str:
    return str(error.msg) if isinstance(error, SyntaxError) else str(error)


def _remedies(error: BaseException, root: Path) -> tuple[str, ...]:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ("Mend that line.",)
    top = error.name.partition(".")[0]
    if (root / top).is_dir():
        return (f"Check the name: {error.name} would be {error.name.replace('.', '/')}.py.",)
    return (
        f"If {top} is a library: install it where zenith-server runs, pip install {top}.",
        "If it is a file of the project: imports start at the project's folder.",
    )


def _refuse_taken(file: ProjectFile, root: Path) -> None:
    top = file.module.partition(".")[0]
    module = sys.modules.get(top)
    places = [] if module is None else _places(module)
    inside = f"{_resolved(root)}{os.sep}"
    if module is not None and not any(place.startswith(inside) for place in places):
        raise ProjectError(
            Fault(
                f"{file.relative} cannot be imported as {file.module}",
                (file.relative, str(next(iter(places), f"built-in module {top}"))),
                f"Another module named {top} was imported before the project was.",
                (f"Rename {top}, or run without the other one.",),
            )
        )


def _places(module: ModuleType) -> list[str]:
    """Where a module comes from: its file, or for a folder its folder."""
    file = getattr(module, "__file__", None)
    return [file] if file else list(getattr(module, "__path__", ()))


def _forget(finder: ProjectFinder) -> None:
    """Drop another project's modules, so that `models.user` is this project's from now on."""
    for name, module in list(sys.modules.items()):
        # By name and place, because libraries may lie in the project's folder too.
        place = finder.root.joinpath(*name.split("."))
        own = {place, place.with_suffix(".py"), place / "__init__.py"}
        own |= {Path(known[name]) for known in (finder.files, finder.folders) if name in known}
        if own & {Path(place) for place in _places(module)}:
            del sys.modules[name]
    if str(finder.root) in sys.path:
        sys.path.remove(str(finder.root))
