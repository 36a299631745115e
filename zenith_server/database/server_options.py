"""The options after the question mark of a database URL, made into arguments of the driver."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from zenith_server.errors import suggestion

CONNECT_TIMEOUT = "10"
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# asyncpg reads these as libpq does, but only from a DSN, so they are handed over in one.
_DSN = {
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs",
    "passfile", "service", "krbsrvname", "gsslib",
}  # fmt: skip
_SETTINGS = {"application_name", "options", "search_path", "statement_timeout", "lock_timeout"}
_NUMBERS: Mapping[str, type[int | float]] = {
    "statement_cache_size": int,
    "prepared_statement_cache_size": int,
    "command_timeout": float,
}
_PLACE = {"host", "port", "user", "password", "dbname", "database"}
# Options of libpq that asyncpg has no match for; without them the connection still works.
_LEFT_OUT = {
    "channel_binding", "gssencmode", "client_encoding", "fallback_application_name",
    "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
}  # fmt: skip
_POSTGRESQL = {*_DSN, *_SETTINGS, *_NUMBERS, *_PLACE, *_LEFT_OUT, "ssl", "connect_timeout"}
_MYSQL_SSL = {"ssl-mode", "ssl_mode", "sslmode"}
_MYSQL = {*_MYSQL_SSL, "charset", "unix_socket", "connect_timeout", "ssl-ca", "ssl_ca"}


class Unusable(Exception):
    """A database URL cannot be used; the text goes on after "The database URL"."""

    def __init__(self, problem: str, why: str = "", fixes: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.why: str = why
        self.fixes: tuple[str, ...] = fixes


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of a URL mean: arguments of the driver, and parts of the address."""

    arguments: dict[str, object] = field(repr=False)
    hosts: tuple[tuple[str, int | None], ...] = ()
    user: str = ""
    password: str | None = field(default=None, repr=False)
    database: str = ""
    notes: tuple[str, ...] = ()


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise `Unusable` for the first option that nothing knows."""
    for name in given:
        if name not in known:
            hint = suggestion(name, known)
            raise Unusable(f'has an unknown option, "{name}".{hint}'.rstrip("."))


def postgresql(query: Mapping[str, str]) -> Options:
    """Return what the options of libpq and asyncpg in a PostgreSQL URL mean.

    Raises:
        Unusable: an option is unknown, or its value is.
    """
    refuse_unknown(query, _POSTGRESQL)
    return Options(
        arguments=_postgresql_arguments(query),
        hosts=_hosts(query),
        user=query.get("user", ""),
        password=query.get("password"),
        database=query.get("dbname") or query.get("database", ""),
        notes=tuple(f"{name} is not supported by asyncpg" for name in query if name in _LEFT_OUT),
    )


def _postgresql_arguments(query: Mapping[str, str]) -> dict[str, object]:
    arguments: dict[str, object] = {
        name: _number(name, query[name], kind) for name, kind in _NUMBERS.items() if name in query
    }
    arguments["timeout"] = _timeout(query)
    settings = {name: query[name] for name in query if name in _SETTINGS}
    if settings:
        arguments["server_settings"] = settings
    dsn = _dsn_options(query)
    if dsn:
        arguments["dsn"] = f"postgresql://?{urlencode(dsn)}"
    return arguments


def _dsn_options(query: Mapping[str, str]) -> dict[str, str]:
    options = {name: query[name] for name in query if name in _DSN}
    if "ssl" in query:
        options = {"sslmode": _spelled_mode(query["ssl"]), **options}
    if "sslmode" in options and options["sslmode"] not in _SSL_MODES:
        raise _unknown_mode("sslmode", options["sslmode"], _SSL_MODES)
    return options


def _spelled_mode(value: str) -> str:
    return {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(value, value)


def _unknown_mode(option: str, value: str, modes: Iterable[str]) -> Unusable:
    known = tuple(modes)
    return Unusable(
        f'has an unknown {option}, "{value}".{suggestion(value, known)}'.rstrip("."),
        why=f"It is one of {', '.join(known)}.",
    )


def _hosts(query: Mapping[str, str]) -> tuple[tuple[str, int | None], ...]:
    """Read `host=` and `port=`, lists with commas; a host that starts with `/` is a socket."""
    names = [name for name in query.get("host", "").split(",") if name]
    ports = [_number("port", port, int) for port in query.get("port", "").split(",") if port]
    if len(ports) not in (0, 1, len(names)):
        raise Unusable("has not as many ports as hosts")
    if not ports:
        return tuple((name, None) for name in names)
    each = ports * len(names) if len(ports) == 1 else ports
    return tuple((name, int(port)) for name, port in zip(names, each, strict=True))


def _number(name: str, value: str, kind: type[int | float]) -> int | float:
    try:
        return kind(value)
    except ValueError:
        raise Unusable(f'has a {name} that is not a number, "{value}"') from None


def _timeout(query: Mapping[str, str]) -> float | None:
    """Seconds to wait for a connection; libpq reads zero and less as without end."""
    seconds = _number("connect_timeout", query.get("connect_timeout", CONNECT_TIMEOUT), float)
    return seconds if seconds > 0 else None


def mysql(query: Mapping[str, str]) -> Options:
    """Return what the options of a MySQL or MariaDB URL mean.

    Raises:
        Unusable: an option is unknown, or its value is.
    """
    refuse_unknown(query, _MYSQL)
    arguments: dict[str, object] = {
        "charset": query.get("charset", "utf8mb4"),
        "connect_timeout": _timeout(query),
    }
    if "unix_socket" in query:
        arguments["unix_socket"] = query["unix_socket"]
    context = _mysql_tls(query)
    if context is not None:
        arguments["ssl"] = context
    return Options(arguments=arguments)


def _mysql_tls(query: Mapping[str, str]) -> ssl.SSLContext | None:
    """Translate MySQL's modes; with the default one, PREFERRED, the driver goes without TLS."""
    given = next((query[name] for name in query if name in _MYSQL_SSL), "PREFERRED")
    mode = given.upper().replace("-", "_")
    modes = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
    if mode not in modes:
        raise _unknown_mode("ssl-mode", given, modes)
    if mode in ("DISABLED", "PREFERRED"):
        return None
    context = ssl.create_default_context(cafile=query.get("ssl-ca") or query.get("ssl_ca"))
    context.check_hostname = mode == "VERIFY_IDENTITY"
    if mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    return context
