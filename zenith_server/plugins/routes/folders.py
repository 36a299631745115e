"""What `_middleware.py` and `_errors.py` put around the routes in and below their folder."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

from msgspec import Struct

from zenith_server.dispatch.layering import items_of, layers_in
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.schema import members
from zenith_server.handlers.signature import hints_of
from zenith_server.manifest import ProjectFile
from zenith_server.plan import ErrorMapping, Guard, Layer, Origin

T = TypeVar("T")


class Folder(Struct, frozen=True):
    """What one folder adds."""

    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    errors: tuple[ErrorMapping, ...] = ()


_NOTHING = Folder()


class Folders:
    """Reads the special files of all folders; what is wrong with one is noted on the draft."""

    def __init__(self, draft: Draft, overlays: Iterable[tuple[str, str]] = ()) -> None:
        """Read them.

        Args:
            draft: what the project has.
            overlays: folders, each with the one that it is laid over, the oldest first.
        """
        self._draft = draft
        self._around: dict[str, tuple[tuple[Layer, ...], tuple[Guard, ...]]] = {}
        self._errors: dict[str, tuple[ErrorMapping, ...]] = {}
        for file, module in draft.modules("route_middleware"):
            self._put_middleware(file, module)
        for file, module in draft.modules("route_errors"):
            self._put_errors(file, module)
        for newer, older in overlays:
            _lay_over(self._around, newer, older)
            _lay_over(self._errors, newer, older)

    def around(self, relative: str) -> Folder:
        """Return everything around a file: layers and guards root to leaf, errors leaf to root."""
        if not (self._around or self._errors):
            return _NOTHING
        parts = relative.split("/")[:-1]
        chain = ["/".join(parts[: index + 1]) for index in range(len(parts))]
        around = [self._around[folder] for folder in chain if folder in self._around]
        return Folder(
            tuple(layer for layers, _ in around for layer in layers),
            tuple(guard for _, guards in around for guard in guards),
            tuple(e for folder in reversed(chain) for e in self._errors.get(folder, ())),
        )

    def _put_middleware(self, file: ProjectFile, module: ModuleType) -> None:
        found = list(items_of(module, "before"))
        try:
            layers = layers_in(module, file)
        except ProjectError as error:
            self._draft.faults.extend(error.faults)
            return
        guards = tuple(Guard(g, self._draft.origin(g)) for g in found if callable(g))
        self._around[file.relative.rpartition("/")[0]] = (layers, guards)
        if len(guards) < len(found) or not (layers or guards):
            self._draft.faults.append(_guards_nothing(file))

    def _put_errors(self, file: ProjectFile, module: ModuleType) -> None:
        folder = file.relative.rpartition("/")[0]
        for name, value in vars(module).items():
            if inspect.isfunction(value) and _is_public(name, value, module):
                try:
                    mappings = _mappings(value, self._draft.origin(value))
                    self._errors[folder] = (*self._errors.get(folder, ()), *mappings)
                except ProjectError as error:
                    self._draft.faults.extend(error.faults)


def _lay_over(found: dict[str, T], newer: str, older: str) -> None:
    """Let a folder have what another one has and it has not itself, at every depth."""
    for folder, value in list(found.items()):
        if f"{folder}/".startswith(f"{older}/"):
            found.setdefault(newer + folder.removeprefix(older), value)


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
