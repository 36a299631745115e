"""The database's own command-line client, for a database of the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import make_url

from zenith_server.database.url import Backend, DatabaseURL

PROGRAMS: Mapping[Backend, tuple[str, ...]] = {
    "postgresql": ("psql",),
    "mysql": ("mariadb", "mysql"),
    "sqlite": ("sqlite3",),
}
"""Names of the clients; the first that is found is taken."""


@dataclass(frozen=True, slots=True)
class Client:
    """How a client is started.

    Args:
        arguments: what follows the program's name; never a password, which others could see.
        variables: environment variables, the password among them.
    """

    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)


def client(url: DatabaseURL) -> Client:
    """Return how the client of a database is started.

    Example:
        >>> client(normalise("sqlite:////tmp/shop.db", root=Path(), origin="")).arguments
        ('/tmp/shop.db',)
    """
    if url.backend == "sqlite":
        return Client((str(url.file) if url.file else ":memory:",), {})
    return _postgresql(url) if url.backend == "postgresql" else _mysql(url)


def _postgresql(url: DatabaseURL) -> Client:
    """All by variables (https://www.postgresql.org/docs/current/libpq-envars.html)."""
    parts = make_url(url.url)
    hosts = cast("list[str]", url.connect_args.get("host", [parts.host or ""]))
    ports = cast("list[int | None]", url.connect_args.get("port", [parts.port]))
    options = parse_qsl(urlsplit(str(url.connect_args.get("dsn", ""))).query)
    variables = {
        "PGHOST": ",".join(hosts),
        "PGPORT": ",".join(str(port or 5432) for port in ports),
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
        **{f"PG{name.upper().replace('_', '')}": value for name, value in options},
    }
    return Client((), {name: value for name, value in variables.items() if value})


def _mysql(url: DatabaseURL) -> Client:
    parts = make_url(url.url)
    socket = url.connect_args.get("unix_socket")
    given = {
        "--socket": socket,
        "--host": None if socket else parts.host,
        "--port": None if socket else parts.port,
        "--user": parts.username,
    }
    options = tuple(f"{name}={value}" for name, value in given.items() if value)
    variables = {"MYSQL_PWD": parts.password} if parts.password else {}
    return Client((*options, str(parts.database)), variables)
