"""What code declares instead of folders: the part of `Zenith()` that becomes a plan."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from zenith_server.database.databases import DEFAULT, Databases
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest, ProjectFile
from zenith_server.names import Pattern, Segment, template
from zenith_server.plan import name_of
from zenith_server.protocol import ASGIApp
from zenith_server.router import Router
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database

F = TypeVar("F", bound=Callable[..., Any])
Opener = Callable[[], AbstractAsyncContextManager[Any]]

_DATABASES = "zenith_server.database.databases.Databases"
_BELOW = Pattern((Segment("rest", "path"),))


class Declarations(Router):
    """Collects routes, middleware, error handlers and hooks, and adds them to a draft.

    Whatever is added after the app was built raises `ProjectError`: it would never be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[Callable[[Draft], None]] = []
        self._databases: list[tuple[str, Callable[[Databases], None]]] = []

    def add_middleware(self, cls: Callable[..., ASGIApp], **options: Any) -> None:
        """Put an ASGI middleware around the app; the last one added is the outermost.

        Example:
            >>> app.add_middleware(SessionMiddleware, secret_key=key)
        """
        name, (file, line) = name_of(cls), caller()

        def add(draft: Draft) -> None:
            draft.layer(name, lambda app: cls(app, **options), draft.place(file, line))

        self._refuse_late(f"the middleware {name}")
        self._parts.insert(0, add)

    def exception_handler(self, exception: type[Exception]) -> Callable[[F], F]:
        """Turn an exception into what the decorated function returns.

        Example:
            >>> @app.exception_handler(LookupError)
            ... async def missing(error: LookupError) -> tuple[dict[str, str], int]:
            ...     return {"missing": str(error)}, 404
        """

        def decorate(handler: F) -> F:
            self._add(handler, lambda draft: draft.on_error(exception, handler))
            return handler

        return decorate

    def lifespan(self, opened: Callable[[], AsyncIterator[Any]] | Opener) -> Callable[..., Any]:
        """Run a generator around the app's life: up to `yield` at start, the rest at the end.

        Example:
            >>> @app.lifespan
            ... async def broker():
            ...     async with connect() as connection:
            ...         yield connection
        """
        is_plain = inspect.isasyncgenfunction(opened)
        opener = asynccontextmanager(opened) if is_plain else cast("Opener", opened)
        self._add(opened, lambda draft: draft.lifespan(name_of(opened), opener))
        return opened

    def on_startup(self, call: F) -> F:
        """Run a function when the app starts."""
        self._add(call, lambda draft: draft.lifespan(name_of(call), partial(_around, call, None)))
        return call

    def on_shutdown(self, call: F) -> F:
        """Run a function when the app stops."""
        self._add(call, lambda draft: draft.lifespan(name_of(call), partial(_around, None, call)))
        return call

    def add_service(self, cls: type[Any]) -> type[Any]:
        """Let parameters ask for a class; usable as a decorator."""
        self._add(cls, lambda draft: draft.service(cls))
        return cls

    def mount(self, path: str, app: ASGIApp) -> None:
        """Hand everything below a path to another ASGI app."""
        pattern, (file, line) = template(path), caller()

        def add(draft: Draft) -> None:
            for shape in (pattern, pattern + _BELOW):
                draft.route("*", shape, app, origin=draft.place(file, line))

        self._refuse_late(f"a mount at {pattern}")
        self._parts.append(add)

    def setup_database(self, url: str | None = None) -> None:
        """Serve with a database: the one in the settings, or this one in its place.

        `session = DB` needs no such line; it says in code that there is a database, and health
        and the banner tell of it.

        Args:
            url: as in the setting `database.url`.

        Example:
            >>> app.setup_database()
        """

        def use(databases: Databases) -> None:
            if url is not None:
                databases.use_url(url)

        self._refuse_late("the database")
        self._databases.append((DEFAULT, use))

    def configure_database(self, database: Database) -> None:
        """Serve with a database that code made; the same as `setup_database` otherwise.

        Example:
            >>> app.configure_database(Database("postgresql://localhost/shop"))
        """
        self._refuse_late("the database")
        self._databases.append((database.name, lambda databases: databases.use(database)))

    def add_to(self, draft: Draft) -> None:
        """Write all of it on a draft."""
        for declared in self.collect():
            draft.route(declared.method, declared.pattern, declared.handler)
        for add in self._parts:
            add(draft)
        if self._databases:
            databases = draft.shared(_DATABASES)
            for name in self.choose(databases):
                _announce(draft, databases, name)

    def choose(self, databases: Databases) -> tuple[str, ...]:
        """Put the databases that were declared in the place of those of the settings.

        Returns:
            The names of those that the app has, wherever they are.

        Raises:
            ProjectError: a URL cannot be used, or there is no database of this name.
        """
        for _, use in self._databases:
            use(databases)
        return tuple(name for name, _ in self._databases)

    def _add(self, what: Callable[..., Any], add: Callable[[Draft], None]) -> None:
        self._refuse_late(name_of(what))
        self._parts.append(add)


def caller() -> tuple[str, int]:
    """Return the file and line outside this package from which it was called."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("zenith_server."):
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def declared_in(file: ProjectFile, module: ModuleType) -> Declarations:
    """Return what `app.py` declares: the one object of it.

    Raises:
        ProjectError: it has none, or several.
    """
    found = {id(each): each for each in vars(module).values() if isinstance(each, Declarations)}
    if len(found) != 1:
        raise ProjectError(_not_one(file, len(found)))
    return next(iter(found.values()))


def databases_of(settings: Settings, manifest: Manifest) -> Databases:
    """Return the databases that a project serves with, for what does not serve it.

    Of the project's code `app.py` alone is imported, since it may say where they are.

    Args:
        settings: where they are otherwise.
        manifest: the project's files; the project was entered (see `load.enter`).

    Raises:
        ProjectError: `app.py` is faulty, or its database cannot be used.

    Example:
        >>> databases_of(settings, manifest).get().url.masked
        'sqlite:///data/development.sqlite3'
    """
    draft, databases = Draft(settings, manifest), Databases(settings)
    for file, module in draft.modules("app"):
        databases.wanted.extend(declared_in(file, module).choose(databases))
    if draft.faults:
        raise ProjectError(*draft.faults)
    return databases


def _not_one(file: ProjectFile, number: int) -> Fault:
    return Fault(
        f"{file.relative} has {number or 'no'} Zenith objects",
        (file.relative,),
        "The file is read for the one object on which routes and hooks are declared.",
        (
            "Keep one; a Router holds what belongs together, and include_router adds it."
            if number
            else "Write: from zenith_server import Zenith; app = Zenith()",
        ),
    )


def _announce(draft: Draft, databases: Databases, name: str) -> None:
    if name not in databases.wanted:
        databases.wanted.append(name)
        draft.check("database", databases.alive)
        draft.fact("database", databases.described)


@asynccontextmanager
async def _around(
    first: Callable[[], Any] | None, last: Callable[[], Any] | None
) -> AsyncGenerator[None]:
    await _called(first)
    try:
        yield
    finally:
        await _called(last)


async def _called(call: Callable[[], Any] | None) -> None:
    result = call() if call is not None else None
    if inspect.isawaitable(result):
        await result
