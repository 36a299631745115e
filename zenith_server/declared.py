"""What code declares instead of folders: the part of `Zenith()` that becomes a plan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar

from zenith_server.draft import Draft
from zenith_server.names import Pattern, Segment, template
from zenith_server.plan import Origin
from zenith_server.protocol import ASGIApp
from zenith_server.router import Router

F = TypeVar("F", bound=Callable[..., Any])
Open = Callable[[], AbstractAsyncContextManager[Any]]

_BELOW = Pattern((Segment("rest", "path"),))


class Declarations(Router):
    """Collects routes, middleware, error handlers and hooks, and adds them to a draft."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: list[tuple[str, Callable[[ASGIApp], ASGIApp]]] = []
        self._errors: list[tuple[type[Exception], Callable[..., Any]]] = []
        self._lifespans: list[tuple[str, Open]] = []
        self._services: list[type[Any]] = []
        self._mounts: list[tuple[Pattern, ASGIApp]] = []

    def add_middleware(self, cls: Callable[..., ASGIApp], **options: Any) -> None:
        """Put an ASGI middleware around the app; the last one added is the outermost.

        Example:
            >>> app.add_middleware(SessionMiddleware, secret_key=key)
        """
        name = getattr(cls, "__name__", type(cls).__name__)
        self._layers.insert(0, (name, lambda app: cls(app, **options)))

    def exception_handler(self, exception: type[Exception]) -> Callable[[F], F]:
        """Turn an exception into what the decorated function returns.

        Example:
            >>> @app.exception_handler(LookupError)
            ... async def missing(error: LookupError) -> tuple[dict[str, str], int]:
            ...     return {"missing": str(error)}, 404
        """

        def decorate(handler: F) -> F:
            self._errors.append((exception, handler))
            return handler

        return decorate

    def lifespan(self, opened: Callable[[], AsyncIterator[Any]]) -> Callable[..., Any]:
        """Run a generator around the app's life: up to `yield` at start, the rest at the end."""
        self._lifespans.append((opened.__name__, asynccontextmanager(opened)))
        return opened

    def on_startup(self, call: F) -> F:
        """Run a function when the app starts."""
        self._lifespans.append((call.__name__, partial(_around, call, None)))
        return call

    def on_shutdown(self, call: F) -> F:
        """Run a function when the app stops."""
        self._lifespans.append((call.__name__, partial(_around, None, call)))
        return call

    def add_service(self, cls: type[Any]) -> type[Any]:
        """Let parameters ask for a class; usable as a decorator."""
        self._services.append(cls)
        return cls

    def mount(self, path: str, app: ASGIApp) -> None:
        """Hand everything below a path to another ASGI app."""
        self._mounts.append((template(path), app))

    def add_to(self, draft: Draft) -> None:
        """Write all of it on a draft."""
        for declared in self.routes:
            draft.route(declared.method, declared.pattern, declared.handler)
        for pattern, app in self._mounts:
            for shape in (pattern, pattern + _BELOW):
                draft.route("*", shape, app, origin=Origin("mount"))
        for name, wrap in self._layers:
            draft.layer(name, wrap)
        for exception, handler in self._errors:
            draft.on_error(exception, handler)
        for name, opened in self._lifespans:
            draft.lifespan(name, opened)
        for cls in self._services:
            draft.service(cls)


@asynccontextmanager
async def _around(
    first: Callable[[], Any] | None, last: Callable[[], Any] | None
) -> AsyncIterator[None]:
    await _called(first)
    try:
        yield
    finally:
        await _called(last)


async def _called(call: Callable[[], Any] | None) -> None:
    result = call() if call is not None else None
    if isawaitable(result):
        await result
