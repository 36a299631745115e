"""What a `middleware` in a project's file can be, made into layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, cast

from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import ProjectFile
from zenith_server.plan import Layer, Origin
from zenith_server.protocol import ASGIApp


def layers_in(module: ModuleType, file: ProjectFile) -> tuple[Layer, ...]:
    """Return the layers that a file declares as `middleware`, outermost first.

    It may be `async def middleware(request, call_next)`, a function or class that takes the app
    and returns one, Starlette's `Middleware(…)`, or a list of these.

    Raises:
        ProjectError: it is something else.

    Example:
        >>> layers_in(module, file)[0].name
        'routes/(admin)/_middleware.py'
    """
    given = getattr(module, "middleware", None)
    items: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    return tuple(_layers([item for item in items if item is not None], file))


def _layers(items: list[Any], file: ProjectFile) -> Iterator[Layer]:
    for index, item in enumerate(items):
        name = file.relative if len(items) == 1 else f"{file.relative}[{index}]"
        yield Layer(name, _Wrap(item, file), _origin(item, file))


def _origin(item: Any, file: ProjectFile) -> Origin:
    code = getattr(item, "__code__", None)
    return Origin(file.relative, code.co_firstlineno if code is not None else 0)


class _Wrap:
    """Puts one declared middleware around an app."""

    def __init__(self, item: Any, file: ProjectFile) -> None:
        self.item = item
        if not (callable(item) or hasattr(item, "cls")):
            raise ProjectError(_no_middleware(file))

    def __call__(self, app: ASGIApp) -> ASGIApp:
        item = self.item
        if hasattr(item, "cls"):
            return cast("ASGIApp", item.cls(app, *item.args, **item.kwargs))
        if inspect.iscoroutinefunction(item):
            from starlette.middleware.base import BaseHTTPMiddleware

            return cast("ASGIApp", BaseHTTPMiddleware(cast("Any", app), dispatch=item))
        return cast("ASGIApp", item(app))


def _no_middleware(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} has a `middleware` that is none",
        (file.relative,),
        "It is a function with (request, call_next), something that takes an ASGI app and returns "
        "one, or a list of these.",
        ("Write: async def middleware(request, call_next): return await call_next(request)",),
    )
