"""Routes declared with decorators: `@route.get("/export")`, a `Router`, or the app itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec import Struct

from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.names import Pattern, template
from zenith_server.settings.kinds import size

F = TypeVar("F", bound=Callable[..., Any])

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY")
MARK = "__zenith_routes__"
HIDDEN = "__zenith_hidden__"
BODY_LIMIT = "__zenith_body_limit__"
CONDITIONAL = "__zenith_conditional__"


class Declared(Struct, frozen=True):
    """One declared route, relative to where it will be included."""

    method: str
    pattern: Pattern
    handler: Callable[..., Any]


class Verbs:
    """The decorators, one per method; what becomes of a route is `declare`'s business."""

    def declare(self, method: str, pattern: Pattern, handler: Callable[..., Any]) -> None:
        """Take note of a route."""
        marks = [*getattr(handler, MARK, ()), Declared(method, pattern, handler)]
        setattr(handler, MARK, tuple(marks))

    def route(self, path: str = "/", methods: Iterable[str] = ("GET",)) -> Callable[[F], F]:
        """Declare a handler for several methods.

        Args:
            path: relative to where it is included, such as `/{year}` or `/{path:path}`.
            methods: names of HTTP methods, in any case.

        Raises:
            ProjectError: a path or a method that is none.

        Example:
            >>> @route.route("/search", methods=["GET", "QUERY"])
            ... async def search(q: str) -> list[str]: ...
        """
        return self._declarer(path, tuple(_method(name) for name in methods))

    def get(self, path: str = "/") -> Callable[[F], F]:
        """Declare a GET handler."""
        return self._declarer(path, ("GET",))

    def post(self, path: str = "/") -> Callable[[F], F]:
        """Declare a POST handler."""
        return self._declarer(path, ("POST",))

    def put(self, path: str = "/") -> Callable[[F], F]:
        """Declare a PUT handler."""
        return self._declarer(path, ("PUT",))

    def patch(self, path: str = "/") -> Callable[[F], F]:
        """Declare a PATCH handler."""
        return self._declarer(path, ("PATCH",))

    def delete(self, path: str = "/") -> Callable[[F], F]:
        """Declare a DELETE handler."""
        return self._declarer(path, ("DELETE",))

    def head(self, path: str = "/") -> Callable[[F], F]:
        """Declare a HEAD handler."""
        return self._declarer(path, ("HEAD",))

    def options(self, path: str = "/") -> Callable[[F], F]:
        """Declare an OPTIONS handler."""
        return self._declarer(path, ("OPTIONS",))

    def query(self, path: str = "/") -> Callable[[F], F]:
        """Declare a QUERY handler."""
        return self._declarer(path, ("QUERY",))

    def websocket(self, path: str = "/") -> Callable[[F], F]:
        """Declare a WebSocket handler."""
        return self._declarer(path, ("WEBSOCKET",))

    def _declarer(self, path: str, methods: tuple[str, ...]) -> Callable[[F], F]:
        pattern = template(path)

        def declare(handler: F) -> F:
            for method in methods:
                self.declare(method, pattern, handler)
            return handler

        return declare


def hidden(handler: F) -> F:
    """Leave a handler out of the description of the API; it is served like any other.

    Example:
        >>> @hidden
        ... async def get() -> Metrics: ...
    """
    setattr(handler, HIDDEN, True)
    return handler


def body_limit(limit: int | str) -> Callable[[F], F]:
    """Give a handler a limit of its own for its body, JSON or form, in bytes or as text.

    Raises:
        ValueError: it is no size.

    Example:
        >>> @body_limit("50 MiB")
        ... async def post(video: Annotated[UploadFile, Form()]) -> Created[Video]: ...
    """
    most = size().read(str(limit))

    def mark(handler: F) -> F:
        setattr(handler, BODY_LIMIT, most)
        return handler

    return mark


class Conditional(Struct, frozen=True):
    """What `conditional` leaves at a handler: what returns the present version, if it is given."""

    version: Callable[..., Any] | None


def conditional(version: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """Answer a client that names the version that it knows (RFC 9110, 13).

    GET tells an ETag, and is 304 for a client that has that version. PUT, PATCH and DELETE are 412
    where the client wants to change another version than there is.

    Args:
        version: returns the present version: text, a number, a time (Last-Modified too), or a tuple
            of these; `None` where there is nothing. Its parameters are injected, and it runs before
            the handler, which does not run for a 304 or 412. Left out, the bytes of the answer to
            GET give its ETag.

    Example:
        >>> async def _version(slug: str, session=DB) -> datetime | None: ...
        >>> @conditional(_version)
        ... async def put(slug: str, changes: ArticleUpdate, session=DB) -> ArticleOut: ...
    """

    def mark(handler: F) -> F:
        setattr(handler, CONDITIONAL, Conditional(version))
        return handler

    return mark


class _Marks(Verbs):
    def __call__(self, path: str = "/", methods: Iterable[str] = ("GET",)) -> Callable[[F], F]:
        """Declare a handler for several methods."""
        return self.route(path, methods)


route = _Marks()
"""Decorators for further URLs below a route file's own: `@route.get("/export")`."""


class Router(Verbs):
    """A set of routes that is included as a whole.

    Args:
        prefix: stands before the path of each.

    Example:
        >>> router = Router("/reports")
        >>> @router.get("/{year}")
        ... async def report(year: int) -> dict[str, int]:
        ...     return {"year": year}
    """

    def __init__(self, prefix: str = "/") -> None:
        self.prefix = template(prefix)
        self._entries: list[Declared | tuple[Pattern, Router]] = []
        self._is_open = True

    def declare(self, method: str, pattern: Pattern, handler: Callable[..., Any]) -> None:
        """Take note of a route.

        Raises:
            ProjectError: the app is built, so the route would never be served.
        """
        self._refuse_late(f"{method} {pattern}")
        self._entries.append(Declared(method, pattern, handler))

    def include_router(self, router: Router, prefix: str = "/") -> None:
        """Add all routes of another router below a prefix, those too that it gets later.

        Raises:
            ProjectError: the app is built, so they would never be served.
        """
        self._refuse_late(f"a router at {prefix}")
        self._entries.append((template(prefix), router))

    def collect(self) -> tuple[Declared, ...]:
        """Return all routes with their prefixes; from now on another one is an error."""
        self._is_open = False
        found: list[Declared] = []
        for entry in self._entries:
            if isinstance(entry, Declared):
                base, inner = self.prefix, (entry,)
            else:
                base, inner = self.prefix + entry[0], entry[1].collect()
            found += [Declared(d.method, base + d.pattern, d.handler) for d in inner]
        return tuple(found)

    def _refuse_late(self, what: str) -> None:
        if not self._is_open:
            raise ProjectError(_late(what))


def _method(name: str) -> str:
    if name.upper() not in METHODS:
        raise ProjectError(
            Fault(
                f'"{name}" is not a method.{suggestion(name.upper(), METHODS)}',
                why=f"The methods are {', '.join(METHODS)}.",
                fixes=("Correct its name.",),
            )
        )
    return name.upper()


def _late(what: str) -> Fault:
    return Fault(
        f"{what} comes too late",
        why="The app is built already, and what is added now would never be served.",
        fixes=("Add it while the files are imported, not while the app runs.",),
    )
