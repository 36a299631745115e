"""Database URLs as people write them, made into what SQLAlchemy and the drivers take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode

from zenith_server.database import server_options
from zenith_server.database.address import Address, mask, split
from zenith_server.errors import Fault, ProjectError, suggestion

Backend = Literal["postgresql", "sqlite", "mysql"]

EXAMPLES: Mapping[Backend, str] = {
    "postgresql": "postgresql://user:password@localhost:5432/shop",
    "mysql": "mysql://user:password@localhost:3306/shop",
    "sqlite": "sqlite:///data/shop.sqlite3",
}
_BACKENDS: Mapping[str, Backend] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "pgsql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}
_DRIVERS: Mapping[Backend, str] = {
    "postgresql": "asyncpg",
    "mysql": "asyncmy",
    "sqlite": "aiosqlite",
}
_SQLITE_OPTIONS = {"mode", "cache", "uri", "immutable", "nolock", "vfs"}


@dataclass(frozen=True, slots=True)
class DatabaseURL:
    """A database URL that can be opened.

    Args:
        url: the URL for SQLAlchemy, with an asynchronous driver; holds the password.
        connect_args: what the driver's `connect` gets besides; may hold secrets.
        backend: the kind of database.
        masked: the URL as it was given, without its secrets, for people.
        origin: the setting that it came from, for messages.
        file: the absolute path of a SQLite database that lives in a file.
        notes: options that were left out, and why, for people.
    """

    url: str = field(repr=False)
    backend: Backend
    masked: str
    origin: str
    connect_args: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
    file: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def in_memory(self) -> bool:
        """Whether the database is gone once its connection is: SQLite without a file."""
        return self.backend == "sqlite" and self.file is None

    @property
    def dialect(self) -> str:
        """The SQL of this database, where no server can be asked which of two it is.

        MariaDB has types that MySQL lacks; only a URL that begins with `mariadb` tells them apart.
        """
        return "mariadb" if self.masked.lower().startswith("mariadb") else self.backend

    def __str__(self) -> str:
        return self.masked


def normalise(raw: str, *, root: Path, origin: str) -> DatabaseURL:
    """Return the database that a URL means, in any of its common spellings.

    `postgres://` and `postgresql://` get asyncpg, `mysql://` asyncmy, `sqlite:///` aiosqlite; a
    driver that is named already gives way to these. Options of libpq such as `sslmode` are
    translated (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
    A password may hold any character: the last `@` ends it, `%41` is read as `A`.

    Args:
        raw: the URL.
        root: the folder that a relative SQLite path starts from.
        origin: where the URL was found, for messages, such as `DATABASE_URL`.

    Raises:
        ProjectError: the URL cannot be used; the message shows it masked, and a correct one.

    Example:
        >>> normalise("postgres://ann@db/shop", root=Path("."), origin="DATABASE_URL").url
        'postgresql+asyncpg://ann@db/shop'
    """
    text = raw.strip()
    try:
        scheme, separator, rest = text.partition("://")
        if not separator:
            raise _without_scheme(text)
        backend = _backend(scheme)
        notes = _driver_notes(scheme, backend)
        return _BUILDERS[backend](_Given(rest, mask(text), root, origin, notes))
    except server_options.Unusable as problem:
        raise ProjectError(_fault(problem, text, origin)) from None


@dataclass(frozen=True, slots=True)
class _Given:
    rest: str
    masked: str
    root: Path
    origin: str
    notes: tuple[str, ...]


def _without_scheme(text: str) -> server_options.Unusable:
    if not text:
        return server_options.Unusable("is empty")
    return server_options.Unusable("has no scheme, such as postgresql:// or sqlite:///")


def _backend(scheme: str) -> Backend:
    name = scheme.lower().partition("+")[0]
    if name not in _BACKENDS:
        hint = suggestion(name, _BACKENDS)
        raise server_options.Unusable(f'has an unknown scheme, "{scheme}".{hint}'.rstrip("."))
    return _BACKENDS[name]


def _driver_notes(scheme: str, backend: Backend) -> tuple[str, ...]:
    driver = scheme.lower().partition("+")[2]
    if driver in ("", _DRIVERS[backend]):
        return ()
    return (f"{_DRIVERS[backend]} is used in place of {driver}",)


def _fault(problem: server_options.Unusable, text: str, origin: str) -> Fault:
    place = f"{origin}: {mask(text)}" if text else origin
    scheme = text.partition("://")[0].lower().partition("+")[0]
    likely = _BACKENDS.get(scheme)
    examples = [EXAMPLES[likely]] if likely else [EXAMPLES["postgresql"], EXAMPLES["sqlite"]]
    return Fault(
        f"The database URL {problem}",
        (place,),
        problem.why,
        (*problem.fixes, f"A correct one looks like this: {' or '.join(examples)}"),
    )


def _server_address(given: _Given) -> Address:
    address = split(given.rest)
    if address is None:
        raise server_options.Unusable(
            "cannot be read after its scheme",
            why="It has the parts user:password@host:port/database, and a port is a number.",
            fixes=("In the user name or password, write : as %3A, / as %2F, ? as %3F, @ as %40.",),
        )
    return address


def _postgresql(given: _Given) -> DatabaseURL:
    address = _server_address(given)
    options = server_options.postgresql(address.query)
    return _server("postgresql", given, address, options)


def _mysql(given: _Given) -> DatabaseURL:
    address = _server_address(given)
    if not address.database:
        raise server_options.Unusable("names no database")
    return _server("mysql", given, address, server_options.mysql(address.query))


def _server(
    backend: Backend, given: _Given, address: Address, options: server_options.Options
) -> DatabaseURL:
    hosts = options.hosts or tuple(host for host in address.hosts if host != ("", None))
    return DatabaseURL(
        url=_render(backend, address, hosts, options),
        backend=backend,
        masked=given.masked,
        origin=given.origin,
        connect_args={**options.arguments, **_several(hosts)},
        notes=(*given.notes, *options.notes),
    )


def _render(
    backend: Backend,
    address: Address,
    hosts: tuple[tuple[str, int | None], ...],
    options: server_options.Options,
) -> str:
    user = quote(options.user or address.user, safe="")
    secret = options.password if options.password is not None else address.password
    login = user if secret is None else f"{user}:{quote(secret, safe='')}"
    place = _render_host(*hosts[0]) if len(hosts) == 1 and not _is_socket(hosts[0]) else ""
    database = quote(options.database or address.database, safe="")
    at = "@" if login else ""
    return f"{backend}+{_DRIVERS[backend]}://{login}{at}{place}{f'/{database}' if database else ''}"


def _render_host(name: str, port: int | None) -> str:
    shown = f"[{name}]" if ":" in name else name
    return shown if port is None else f"{shown}:{port}"


def _is_socket(host: tuple[str, int | None]) -> bool:
    return host[0].startswith("/")


def _several(hosts: tuple[tuple[str, int | None], ...]) -> dict[str, object]:
    """Several hosts, or a socket's folder: neither fits between `@` and `/`."""
    if len(hosts) < 2 and not any(map(_is_socket, hosts)):
        return {}
    return {"host": [name for name, _ in hosts], "port": [port or 5432 for _, port in hosts]}


def _sqlite(given: _Given) -> DatabaseURL:
    path, _, query = given.rest.partition("?")
    options = dict(parse_qsl(query))
    _refuse_host(path)
    server_options.refuse_unknown(options, _SQLITE_OPTIONS)
    name = path[1:]
    if name in ("", ":memory:"):
        return _sqlite_url(given, ":memory:", options, None)
    if name.startswith("file:") and (":memory:" in name or options.get("mode") == "memory"):
        return _sqlite_url(given, name, {**options, "uri": "true"}, None)
    file = (given.root / Path(name.removeprefix("file:")).expanduser()).resolve()
    if options:
        return _sqlite_url(given, f"file:{file.as_posix()}", {**options, "uri": "true"}, file)
    return _sqlite_url(given, file.as_posix(), options, file)


def _refuse_host(path: str) -> None:
    if path and not path.startswith("/"):
        raise server_options.Unusable(
            "names a host, but SQLite is a file",
            why="A relative path has three slashes, an absolute one four.",
        )


def _sqlite_url(
    given: _Given, name: str, options: dict[str, str], file: Path | None
) -> DatabaseURL:
    query = f"?{urlencode(options)}" if options else ""
    return DatabaseURL(
        url=f"sqlite+aiosqlite:///{quote(name, safe='/:')}{query}",
        backend="sqlite",
        masked=given.masked,
        origin=given.origin,
        file=file,
        notes=given.notes,
    )


_BUILDERS: Mapping[Backend, Callable[[_Given], DatabaseURL]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "sqlite": _sqlite,
}
