"""Routes declared with decorators: `@route.get("/export")`, a `Router`, or the app itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zenith_server.names import Pattern, template

F = TypeVar("F", bound=Callable[..., Any])

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY")
MARK = "__zenith_routes__"
HIDDEN = "__zenith_hidden__"


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared route, relative to where it will be included."""

    method: str
    pattern: Pattern
    handler: Callable[..., Any]


class Verbs:
    """The decorators, one per method; what becomes of a route is `declare`'s business."""

    def declare(self, method: str, path: str, handler: Callable[..., Any]) -> None:
        """Take note of a route."""
        marks = [*getattr(handler, MARK, ()), Declared(method, template(path), handler)]
        setattr(handler, MARK, tuple(marks))

    def __call__(self, path: str = "/", methods: tuple[str, ...] = ("GET",)) -> Callable[[F], F]:
        """Declare a handler for several methods."""

        def decorate(handler: F) -> F:
            for method in methods:
                self.declare(method.upper(), path, handler)
            return handler

        return decorate

    def get(self, path: str = "/") -> Callable[[F], F]:
        """Declare a GET handler."""
        return Verbs.__call__(self, path, ("GET",))

    def post(self, path: str = "/") -> Callable[[F], F]:
        """Declare a POST handler."""
        return Verbs.__call__(self, path, ("POST",))

    def put(self, path: str = "/") -> Callable[[F], F]:
        """Declare a PUT handler."""
        return Verbs.__call__(self, path, ("PUT",))

    def patch(self, path: str = "/") -> Callable[[F], F]:
        """Declare a PATCH handler."""
        return Verbs.__call__(self, path, ("PATCH",))

    def delete(self, path: str = "/") -> Callable[[F], F]:
        """Declare a DELETE handler."""
        return Verbs.__call__(self, path, ("DELETE",))

    def head(self, path: str = "/") -> Callable[[F], F]:
        """Declare a HEAD handler."""
        return Verbs.__call__(self, path, ("HEAD",))

    def options(self, path: str = "/") -> Callable[[F], F]:
        """Declare an OPTIONS handler."""
        return Verbs.__call__(self, path, ("OPTIONS",))

    def websocket(self, path: str = "/") -> Callable[[F], F]:
        """Declare a WebSocket handler."""
        return Verbs.__call__(self, path, ("WEBSOCKET",))


def hidden(handler: F) -> F:
    """Leave a handler out of the description of the API; it is served like any other.

    Example:
        >>> @hidden
        ... async def get() -> Metrics: ...
    """
    setattr(handler, HIDDEN, True)
    return handler


route = Verbs()
"""Decorators for further URLs below a route file's own: `@route.get("/export")`."""


@dataclass
class Router(Verbs):
    """A set of routes that is included as a whole, under a prefix if it has one.

    Example:
        >>> router = Router("/reports")
        >>> @router.get("/{year}")
        ... async def report(year: int) -> dict[str, int]:
        ...     return {"year": year}
    """

    prefix: str = "/"
    routes: list[Declared] = field(default_factory=list)

    def declare(self, method: str, path: str, handler: Callable[..., Any]) -> None:
        """Take note of a route."""
        self.routes.append(Declared(method, template(self.prefix) + template(path), handler))

    def include_router(self, router: Router, prefix: str = "/") -> None:
        """Add all routes of another router, below a prefix."""
        base = template(self.prefix) + template(prefix)
        for declared in router.routes:
            pattern = base + declared.pattern
            self.routes.append(Declared(declared.method, pattern, declared.handler))
