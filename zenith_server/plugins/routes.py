"""`routes/`: one file per URL, one function per method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.layering import layers_in
from zenith_server.manifest import Convention, ProjectFile
from zenith_server.names import Pattern, Segment, url_of
from zenith_server.plan import ErrorMapping, Guard, Layer, Origin
from zenith_server.plugin import Plugin
from zenith_server.router import MARK, METHODS, Declared, Router

FUNCTIONS = {**{method.lower(): method for method in METHODS}, "websocket": "WEBSOCKET"}


@dataclass(slots=True)
class _Folder:
    """What a folder's special files put around the routes in and below it."""

    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    errors: tuple[ErrorMapping, ...] = ()


@dataclass(slots=True)
class _Around:
    folders: dict[str, _Folder] = field(default_factory=dict)

    def at(self, folder: str) -> _Folder:
        return self.folders.setdefault(folder, _Folder())

    def of(self, relative: str) -> _Folder:
        """Everything around a file: layers and guards root to leaf, errors leaf to root."""
        parts = relative.split("/")[:-1]
        chain = [self.at("/".join(parts[: index + 1])) for index in range(len(parts))]
        return _Folder(
            tuple(layer for folder in chain for layer in folder.layers),
            tuple(guard for folder in chain for guard in folder.guards),
            tuple(error for folder in reversed(chain) for error in folder.errors),
        )


class Routes(Plugin):
    """Turns route files into routes, with the middleware and error mappings of their folders."""

    name = "routes"

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `routes/`."""
        return (
            Convention("route_middleware", "routes", "_middleware.py", meaning="guards a folder"),
            Convention("route_errors", "routes", "_errors.py", meaning="exceptions to responses"),
            Convention("route", "routes", meaning="one file per URL"),
        )

    def setup(self, draft: Draft) -> None:
        """Add every route of every file."""
        around = _Around()
        for file, module in draft.modules("route_middleware"):
            _put_middleware(draft, around, file, module)
        for file, module in draft.modules("route_errors"):
            _put_errors(draft, around, file, module)
        patterns = _patterns(draft)
        for file, module in draft.modules("route"):
            if file.relative in patterns:
                _put_routes(draft, file, module, patterns[file.relative], around.of(file.relative))
        found = len(draft.routes)
        draft.fact("routes", lambda: f"{found} in {_counted(len(patterns), 'file')}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _patterns(draft: Draft) -> dict[str, Pattern]:
    """The URL of each route file; two files of one URL are a fault before anything is imported."""
    found: dict[str, Pattern] = {}
    shapes: dict[tuple[str, ...], str] = {}
    for file in draft.files("route"):
        try:
            pattern = url_of(file.relative)
        except ProjectError as error:
            draft.faults.extend(error.faults)
            continue
        first = shapes.setdefault(pattern.shape, file.relative)
        if first == file.relative:
            found[file.relative] = pattern
        else:
            draft.faults.append(_same_url(pattern, first, file.relative))
    return found


def _put_middleware(draft: Draft, around: _Around, file: ProjectFile, module: ModuleType) -> None:
    folder = around.at(file.relative.rpartition("/")[0])
    try:
        folder.layers = layers_in(module, file)
    except ProjectError as error:
        draft.faults.extend(error.faults)
        return
    before = getattr(module, "before", None)
    if before is not None:
        folder.guards = (Guard(before, draft.origin(before)),)
    if not folder.layers and not folder.guards:
        draft.faults.append(_guards_nothing(file))


def _put_errors(draft: Draft, around: _Around, file: ProjectFile, module: ModuleType) -> None:
    folder = around.at(file.relative.rpartition("/")[0])
    mappings: list[ErrorMapping] = []
    for name, function in _own_functions(module):
        origin = draft.origin(function)
        kinds = _exceptions(function)
        if not kinds:
            draft.faults.append(_no_exception(name, origin))
        mappings.extend(ErrorMapping(kind, function, origin) for kind in kinds)
    folder.errors = tuple(mappings)


def _exceptions(function: Callable[..., Any]) -> list[type[Exception]]:
    """The exception classes in the annotation of a function's first parameter."""
    from zenith_server.schema import members

    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    kinds = members(parameters[0].annotation) if parameters else ()
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)]


def _put_routes(
    draft: Draft, file: ProjectFile, module: ModuleType, base: Pattern, around: _Folder
) -> None:
    before = len(draft.routes)
    for method, pattern, handler in _found(draft, file, module):
        full = base + pattern
        origin = Origin(file.relative) if method == "*" else _origin(draft, handler, file)
        for shape in (full, full + _BELOW) if method == "*" else (full,):
            draft.route(
                method,
                shape,
                handler,
                origin=origin,
                layers=around.layers,
                guards=() if method == "*" else around.guards,
                errors=around.errors,
            )
    if len(draft.routes) == before:
        draft.faults.append(_no_handler(file))


_BELOW = Pattern((Segment("rest", "path"),))


def _found(
    draft: Draft, file: ProjectFile, module: ModuleType
) -> Iterator[tuple[str, Pattern, Callable[..., Any]]]:
    for name, function in _own_functions(module):
        marks: tuple[Declared, ...] = getattr(function, MARK, ())
        for mark in marks:
            yield mark.method, mark.pattern, function
        if name in FUNCTIONS:
            yield FUNCTIONS[name], Pattern(), function
        elif not marks:
            draft.faults.append(_stray(name, draft.origin(function)))
    for name in ("router", "app"):
        yield from _included(getattr(module, name, None))


def _included(given: Any) -> Iterator[tuple[str, Pattern, Callable[..., Any]]]:
    if isinstance(given, Router):
        for declared in given.routes:
            yield declared.method, declared.pattern, declared.handler
    elif given is not None and callable(given) and not inspect.isclass(given):
        yield "*", Pattern(), given


def _own_functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions that a file defines itself, in the order in which they stand."""
    for name, value in vars(module).items():
        is_own = inspect.isfunction(value) and value.__module__ == module.__name__
        if is_own and not name.startswith("_"):
            yield name, value


def _origin(draft: Draft, handler: Callable[..., Any], file: ProjectFile) -> Origin:
    origin = draft.origin(handler)
    return origin if origin.line else Origin(file.relative)


# --- messages ---


def _same_url(pattern: Pattern, first: str, second: str) -> Fault:
    return Fault(
        f"Two files answer {pattern}",
        (first, second),
        "One URL belongs to one file, so that one place tells all of its methods.",
        ("Put the functions of one file into the other and delete it.",),
    )


def _stray(name: str, origin: Origin) -> Fault:
    methods = ", ".join(FUNCTIONS)
    return Fault(
        f'"{name}" is not a method that a route file answers.{suggestion(name, FUNCTIONS)}',
        (str(origin),),
        f"The public functions of a route file are its methods: {methods}.",
        (
            f"Rename it to _{name} if it is only used in this file.",
            f'Or give it a URL of its own: @route.get("/{name}")',
        ),
    )


def _no_handler(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} answers nothing",
        (file.relative,),
        "A route file has a function for each method that its URL takes.",
        (
            "Add one: async def get(): ...",
            "Or put an underscore before the file's name to keep it private.",
        ),
    )


def _guards_nothing(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} guards nothing",
        (file.relative,),
        "It needs a `middleware`, or a function `before` that runs before every handler here.",
        ("Add: async def before(...): ...",),
    )


def _no_exception(name: str, origin: Origin) -> Fault:
    return Fault(
        f'"{name}" does not say which exception it maps',
        (str(origin),),
        "The annotation of its first parameter is the exception.",
        (f"Write: def {name}(error: LookupError): ...",),
    )
