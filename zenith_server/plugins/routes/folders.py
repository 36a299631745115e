"""What `_middleware.py` and `_errors.py` put around the routes in and below their folder."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.layering import items_of, layers_in
from zenith_server.manifest import ProjectFile
from zenith_server.plan import ErrorMapping, Guard, Layer, Origin
from zenith_server.schema import members
from zenith_server.signature import hints_of


@dataclass(slots=True)
class Folder:
    """What one folder adds."""

    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    errors: tuple[ErrorMapping, ...] = ()


class Folders:
    """Reads the special files of all folders; what is wrong with one is noted on the draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._folders: dict[str, Folder] = {}
        for file, module in draft.modules("route_middleware"):
            self._put_middleware(file, module)
        for file, module in draft.modules("route_errors"):
            self._put_errors(file, module)

    def around(self, relative: str) -> Folder:
        """Return everything around a file: layers and guards root to leaf, errors leaf to root."""
        parts = relative.split("/")[:-1]
        chain = [self._at("/".join(parts[: index + 1])) for index in range(len(parts))]
        return Folder(
            tuple(layer for folder in chain for layer in folder.layers),
            tuple(guard for folder in chain for guard in folder.guards),
            tuple(error for folder in reversed(chain) for error in folder.errors),
        )

    def _at(self, folder: str) -> Folder:
        return self._folders.setdefault(folder, Folder())

    def _put_middleware(self, file: ProjectFile, module: ModuleType) -> None:
        folder = self._at(file.relative.rpartition("/")[0])
        guards = list(items_of(module, "before"))
        try:
            folder.layers = layers_in(module, file)
        except ProjectError as error:
            self._draft.faults.extend(error.faults)
            return
        folder.guards = tuple(Guard(g, self._draft.origin(g)) for g in guards if callable(g))
        if len(folder.guards) < len(guards) or not (folder.layers or folder.guards):
            self._draft.faults.append(_guards_nothing(file))

    def _put_errors(self, file: ProjectFile, module: ModuleType) -> None:
        folder = self._at(file.relative.rpartition("/")[0])
        for name, value in vars(module).items():
            if inspect.isfunction(value) and _is_public(name, value, module):
                try:
                    folder.errors += _mappings(value, self._draft.origin(value))
                except ProjectError as error:
                    self._draft.faults.extend(error.faults)


def _is_public(name: str, value: Any, module: ModuleType) -> bool:
    return not name.startswith("_") and value.__module__ == module.__name__


def _mappings(function: Callable[..., Any], origin: Origin) -> tuple[ErrorMapping, ...]:
    """One for each exception class in the annotation of a function's first parameter."""
    first = next(iter(inspect.signature(function).parameters), "")
    kinds = members(hints_of(function, origin).get(first))
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)]
    if not found:
        raise ProjectError(_no_exception(function.__name__, origin))
    return tuple(ErrorMapping(kind, function, origin) for kind in found)


def _guards_nothing(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} guards nothing",
        (file.relative,),
        "It needs a `middleware`, or a function `before`, or a list of them, to run before every "
        "handler here.",
        ("Add: async def before(...): ...",),
    )


def _no_exception(name: str, origin: Origin) -> Fault:
    return Fault(
        f'"{name}" does not say which exception it maps',
        (str(origin),),
        "The annotation of its first parameter is the exception.",
        (f"Write: def {name}(error: LookupError): ...",),
    )
