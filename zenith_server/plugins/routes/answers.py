"""What a route file answers: its functions, its decorated functions, its `router` or `app`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from zenith_server.declared import Declarations
from zenith_server.draft import Draft
from zenith_server.errors import Fault, suggestion
from zenith_server.manifest import ProjectFile
from zenith_server.names import Pattern, Segment
from zenith_server.plan import Layer, Origin
from zenith_server.plugins.routes.folders import Folder
from zenith_server.router import MARK, METHODS, Declared, Router

FUNCTIONS = {**{method.lower(): method for method in METHODS}, "websocket": "WEBSOCKET"}
INCLUDED = ("router", "app")

Found = tuple[str, Pattern, Callable[..., Any]]


def put_routes(
    draft: Draft, file: ProjectFile, module: ModuleType, base: Pattern, around: Folder
) -> None:
    """Add every route of a file; what only looks like one is a fault."""
    before = len(draft.routes), len(draft.faults)
    for method, pattern, handler in _found(draft, file, module):
        origin = Origin(file.relative) if method == "*" else _origin(draft, handler, file)
        draft.route(
            method,
            base + pattern,
            handler,
            origin=origin,
            layers=around.layers,
            guards=around.guards,
            errors=around.errors,
        )
        blind = next((layer for layer in around.layers if layer.http_only), None)
        if blind is not None and method == "WEBSOCKET":
            draft.faults.append(_unguarded(blind, origin))
    if (len(draft.routes), len(draft.faults)) == before:
        draft.faults.append(_no_handler(file))


def _found(draft: Draft, file: ProjectFile, module: ModuleType) -> Iterator[Found]:
    included = [each for name in INCLUDED for each in _included(draft, file, module, name)]
    yield from included
    handlers = {id(handler) for _, _, handler in included}
    for name, value in list(vars(module).items()):
        if not callable(value) or isinstance(value, type) or id(value) in handlers:
            continue
        is_own = _is_own(value, module)
        marks: tuple[Declared, ...] = getattr(value, MARK, ()) if is_own else ()
        for mark in marks:
            yield mark.method, mark.pattern, value
        if name in FUNCTIONS and is_own:
            yield FUNCTIONS[name], Pattern(), value
        elif name in FUNCTIONS and not _is_imported(value):
            draft.faults.append(_foreign(name, value, file))
        elif is_own and not (marks or included) and _is_stray(name, value):
            draft.faults.append(_stray(name, draft.origin(value)))


def _included(draft: Draft, file: ProjectFile, module: ModuleType, name: str) -> Iterator[Found]:
    given = getattr(module, name, None)
    if isinstance(given, Router) and not isinstance(given, Declarations):
        for declared in given.collect():
            yield declared.method, declared.pattern, declared.handler
    elif callable(given) and not inspect.isclass(given) and not isinstance(given, Router):
        yield "*", Pattern(), given
        yield "*", Pattern((Segment("rest", "path"),)), given
    elif given is not None:
        draft.faults.append(_not_included(name, given, file))


def _is_own(value: Any, module: ModuleType) -> bool:
    """Whether a file defines something itself."""
    return getattr(value, "__module__", None) == module.__name__


def _is_imported(value: Any) -> bool:
    """Whether something is a plain name of another module, such as `delete` of SQLAlchemy."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return getattr(module, getattr(value, "__name__", ""), None) is value


def _is_stray(name: str, value: Any) -> bool:
    return inspect.isfunction(value) and not name.startswith("_")


def _origin(draft: Draft, handler: Callable[..., Any], file: ProjectFile) -> Origin:
    origin = draft.origin(handler)
    return origin if origin.line else Origin(file.relative)


def _stray(name: str, origin: Origin) -> Fault:
    methods = ", ".join(FUNCTIONS)
    return Fault(
        f'"{name}" is not a method that a route file answers.{suggestion(name.lower(), FUNCTIONS)}',
        (str(origin),),
        f"The public functions of a route file are its methods: {methods}.",
        (
            f"Rename it to _{name} if it is only used in this file.",
            f'Or give it a URL of its own: @route.get("/{name}")',
        ),
    )


def _foreign(name: str, value: Any, file: ProjectFile) -> Fault:
    module = getattr(value, "__module__", None) or type(value).__module__
    return Fault(
        f'"{name}" in {file.relative} was made in {module}',
        (file.relative,),
        "Only a function of this file becomes a handler, so that nothing is served by accident.",
        (
            "If a decorator made it: let that use functools.wraps.",
            f"If it is a handler: def {name}(...) here, that calls it.",
            f"If it is only used here: rename it to _{name}.",
        ),
    )


def _not_included(name: str, given: Any, file: ProjectFile) -> Fault:
    return Fault(
        f'"{name}" in {file.relative} is a {type(given).__name__}',
        (file.relative,),
        "In a route file that name is for a Router, or for an ASGI app that is mounted here.",
        (
            "Write: from zenith_server import Router; router = Router()",
            "A Zenith object belongs in app.py.",
        ),
    )


def _unguarded(layer: Layer, origin: Origin) -> Fault:
    return Fault(
        f"{layer.name} does not see the WebSocket in {origin.where}",
        (str(layer.origin), str(origin)),
        "A function with call_next is called for HTTP requests only, so whatever it forbids, "
        "the WebSocket would be open.",
        (
            "Move the check into a function `before`: it runs for both.",
            "Or write the middleware as an ASGI class.",
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
