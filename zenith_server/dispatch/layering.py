"""What a `middleware` in a project's file can be, made into layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
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
    items = list(items_of(module, "middleware"))
    names = [
        f"{file.relative}[{i}]" if len(items) > 1 else file.relative for i in range(len(items))
    ]
    return tuple(_layer(item, name, file) for item, name in zip(items, names, strict=True))


def items_of(module: ModuleType, name: str) -> Iterator[Any]:
    """Return what a file holds under a name: several things, one or none.

    Example:
        >>> list(items_of(module, "before"))
        [<function before>]
    """
    given: Any = getattr(module, name, None)
    if isinstance(given, list | tuple):
        yield from cast("list[Any]", given)
    elif given is not None:
        yield given


def _layer(item: Any, name: str, file: ProjectFile) -> Layer:
    code = getattr(item, "__code__", None)
    origin = Origin(file.relative, code.co_firstlineno if code is not None else 0)
    if all(hasattr(item, part) for part in ("cls", "args", "kwargs")):
        return Layer(name, lambda app: item.cls(app, *item.args, **item.kwargs), origin)
    if inspect.iscoroutinefunction(item) and _takes(item, 2):
        return Layer(name, partial(_with_call_next, item), origin, http_only=True)
    if callable(item) and not inspect.iscoroutinefunction(item) and _takes(item, 1):
        return Layer(name, cast("Callable[[ASGIApp], ASGIApp]", item), origin)
    raise ProjectError(_no_middleware(file, origin))


def _takes(call: Callable[..., Any], number: int) -> bool:
    """Whether a function can be called with so many arguments, as far as Python can tell."""
    try:
        inspect.signature(call).bind(*range(number))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _with_call_next(function: Any, app: ASGIApp) -> ASGIApp:
    from starlette.middleware.base import BaseHTTPMiddleware

    return cast("ASGIApp", BaseHTTPMiddleware(cast("Any", app), dispatch=function))


def _no_middleware(file: ProjectFile, origin: Origin) -> Fault:
    return Fault(
        f"{file.relative} has a `middleware` that is none",
        (str(origin),),
        "It is a coroutine function with (request, call_next), something that takes an ASGI app "
        "and returns one, or a list of these.",
        ("Write: async def middleware(request, call_next): return await call_next(request)",),
    )
