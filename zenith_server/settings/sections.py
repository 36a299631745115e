"""Every setting there is, section by section. A setting is declared here once, and only here."""

from __future__ import annotations

from typing import Literal

from zenith_server.cores import usable_cores
from zenith_server.environment import Environment
from zenith_server.settings.keys import Section, key
from zenith_server.settings.kinds import (
    Kind,
    bind,
    duration,
    editor,
    hosts,
    mode,
    names,
    networks,
    one_of,
    origins,
    size,
    text,
    truth,
    whole,
)

Engine = Literal["auto", "hypercorn", "granian"]
Loop = Literal["auto", "asyncio", "uvloop"]
OnStart = Literal["auto", "check", "off"]
Level = Literal["debug", "info", "warning", "error", "critical"]
Format = Literal["console", "json"]
UnknownFields = Literal["refuse", "ignore"]
MOST_WORKERS = 8
YEAR = 365 * 86400.0

_ENGINE: Kind[Engine] = one_of("auto", "hypercorn", "granian")
_LOOP: Kind[Loop] = one_of("auto", "asyncio", "uvloop")
_ON_START: Kind[OnStart] = one_of("auto", "check", "off")
_LEVEL: Kind[Level] = one_of("debug", "info", "warning", "error", "critical")
_FORMAT: Kind[Format] = one_of("console", "json")
_UNKNOWN_FIELDS: Kind[UnknownFields] = one_of("refuse", "ignore")


def _address(environment: Environment) -> tuple[str, str] | None:
    if environment.container is None:
        return None
    return "0.0.0.0", f"default in {environment.container}"


def _workers(environment: Environment) -> tuple[int, str]:
    cores = usable_cores()
    return min(cores, MOST_WORKERS), f"default of {environment.name}: usable cores {cores}"


class Server(Section, frozen=True):
    """The listening socket and the processes behind it."""

    host: str = key(
        text(),
        "127.0.0.1",
        "The address to listen on; in a container or on a hosting platform 0.0.0.0 by default.",
        variable="HOST",
        computed=_address,
    )
    port: int = key(
        whole(0, 65535), 8000, "The port to listen on; 0 takes a free one.", variable="PORT"
    )
    bind: str | None = key(
        bind(),
        None,
        "Where to listen in place of host and port: a Unix socket, or a descriptor that whoever "
        "starts the server has opened. A socket that systemd hands over is taken by itself.",
    )
    socket_mode: int = key(mode(), 0o660, "Who may connect to a Unix socket.")
    certfile: str | None = key(
        text(),
        None,
        "The certificate for HTTPS and HTTP/2, a PEM file; relative to the project.",
    )
    keyfile: str | None = key(
        text(), None, "The key of the certificate; not set: it is in the same file."
    )
    http3: bool = key(
        truth(),
        False,
        "Whether HTTP/3 is served too, on the UDP port of the same number; needs a certificate and "
        "`pip install 'zenith-server[http3]'`.",
    )
    workers: int = key(
        whole(1, 1024),
        1,
        f"Worker processes; in staging and production one per usable core, at most {MOST_WORKERS}.",
        by_environment={"development": 1, "test": 1},
        variable="WEB_CONCURRENCY",
        computed=_workers,
    )
    engine: Engine = key(
        _ENGINE,
        "auto",
        "The HTTP engine; auto is hypercorn in development and test and for HTTP/3, granian "
        "elsewhere.",
    )
    loop: Loop = key(
        _LOOP,
        "auto",
        "The event loop of the workers; auto is uvloop where granian serves and uvloop is "
        "installed, asyncio elsewhere.",
    )
    reload: bool = key(
        truth(),
        False,
        "Whether a changed file replaces the workers.",
        by_environment={"development": True},
    )
    backlog: int = key(whole(1, 65535), 2048, "Connections that may wait to be accepted.")
    lame_duck: float = key(
        duration(),
        5.0,
        "After SIGTERM: how long connections are still accepted while readiness says 503.",
        by_environment={"development": 0.0, "test": 0.0},
    )
    grace: float = key(
        duration(),
        30.0,
        "After SIGTERM: how long requests in flight may take before they are cancelled.",
        by_environment={"development": 1.0, "test": 1.0},
    )
    boot_timeout: float = key(
        duration(), 60.0, "How long a worker may take from its start until it serves."
    )
    worker_timeout: float = key(
        duration(),
        30.0,
        "How long the event loop of a worker may be blocked before it is replaced; 0 is for ever.",
        by_environment={"development": 0.0},
    )
    max_requests: int = key(
        whole(0),
        0,
        "After how many requests, give or take a tenth, a worker is replaced; 0 is never.",
    )
    max_memory: int = key(
        size(), 0, "With how much resident memory a worker is replaced; 0 is never."
    )


class Database(Section, frozen=True):
    """The database and its connection pool."""

    url: str | None = key(
        text(),
        None,
        "The address of the database; in development SQLite in the project's data folder.",
        variable="DATABASE_URL",
        secret=True,
    )
    replicas: tuple[str, ...] = key(
        names(),
        (),
        "The addresses of copies that may be read; handlers with `DB.readonly` ask one of them.",
        secret=True,
    )
    replica_delay: float = key(
        duration(),
        5.0,
        "How long a client that has just written reads from the database itself, not from a copy.",
    )
    pool_size: int | None = key(
        whole(1, 10000),
        None,
        "Connections that each worker keeps; not set: from the number of workers and the limit "
        "of the database server.",
    )
    max_overflow: int = key(
        whole(0, 10000), 5, "Connections that each worker may open beyond its pool in a rush."
    )
    pool_timeout: float = key(
        duration(), 5.0, "How long a request waits for a free connection before it gets a 503."
    )
    echo: bool = key(truth(), False, "Whether each SQL statement is logged.")
    pgbouncer: bool = key(
        truth(),
        False,
        "Whether PgBouncer in transaction mode stands before PostgreSQL: no prepared statements, "
        "no session locks.",
    )


class Migrations(Section, frozen=True):
    """What happens to pending migrations."""

    on_start: OnStart = key(
        _ON_START,
        "auto",
        "At start, auto runs pending migrations, check refuses to serve when there are any, off "
        "does not look.",
    )
    lock_timeout: float = key(
        duration(),
        300.0,
        "How long to wait for another process that is migrating, and for the locks of a migration.",
    )
    statement_lock_timeout: float = key(
        duration(),
        5.0,
        "How long a statement of a migration waits for a lock on PostgreSQL before it lets the "
        "traffic pass and is tried again; 0 is without end.",
    )


class Security(Section, frozen=True):
    """Who may ask, and what answers are signed with."""

    secret_key: str | None = key(
        text(),
        None,
        "The key that sessions and tokens are signed with, 32 characters or more in production.",
        variable="SECRET_KEY",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = key(
        hosts(),
        (),
        "Host names that are answered, *.example.com for all below a name; empty answers all.",
        variable="ALLOWED_HOSTS",
    )
    trusted_proxies: tuple[str, ...] = key(
        networks(),
        (),
        "Addresses or networks of proxies whose X-Forwarded headers are believed; unix for those "
        "that come by a Unix socket.",
    )
    hsts: float = key(
        duration(),
        0.0,
        "How long browsers remember to come by HTTPS only; sent over HTTPS, 0 sends nothing.",
        by_environment={"production": YEAR},
    )


class Cors(Section, frozen=True):
    """Which pages of other origins may call this server from a browser."""

    origins: tuple[str, ...] = key(
        origins(), (), 'Origins that may read answers, such as https://example.com, or "*".'
    )
    credentials: bool = key(
        truth(), False, 'Whether they may send cookies; not together with the origin "*".'
    )
    methods: tuple[str, ...] = key(
        names(str.upper),
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        "Methods that they may use.",
    )
    headers: tuple[str, ...] = key(
        names(), ("Authorization", "Content-Type"), "Request headers that they may send."
    )
    expose: tuple[str, ...] = key(
        names(), ("X-Request-Id",), "Answer headers that their scripts may read."
    )
    max_age: float = key(duration(), 600.0, "How long browsers may remember these answers.")


class Logging(Section, frozen=True):
    """What is logged, and how it looks."""

    level: Level = key(
        _LEVEL,
        "info",
        "The least important messages that are logged.",
        by_environment={"test": "warning"},
        variable="LOG_LEVEL",
    )
    format: Format = key(
        _FORMAT,
        "json",
        "console for people, json for machines: one object a line.",
        by_environment={"development": "console", "test": "console"},
    )
    full_traceback: bool = key(
        truth(),
        False,
        "Whether errors are told with the frames of libraries too, not of the project alone.",
    )


class Errors(Section, frozen=True):
    """How errors are shown to developers; elsewhere nobody is shown any."""

    editor: str = key(
        editor(),
        "vscode",
        "What the lines on the error page open in; none makes no links.",
        variable="ZENITH_EDITOR",
    )


class Requests(Section, frozen=True):
    """What a request may bring, and how long it may take."""

    json_limit: int = key(size(), 2**20, "The largest body, forms and uploads apart.")
    form_limit: int = key(size(), 10 * 2**20, "The largest form, with its uploads.")
    body_timeout: float = key(
        duration(),
        25.0,
        "How long the body of a request may take to arrive; 0 sets no end.",
    )
    websocket_limit: int = key(size(), 2**20, "The largest message on a WebSocket.")
    timeout: float = key(
        duration(), 30.0, "How long a handler may take until its answer starts; 0 sets no end."
    )
    concurrency: int = key(
        whole(0, 1_000_000),
        1000,
        "Requests that each worker handles at a time, streams among them; 0 sets no limit.",
        by_environment={"development": 0, "test": 0},
    )
    queue: int = key(
        whole(0, 1_000_000), 1000, "Requests that may wait for their turn; the rest get a 503."
    )
    unknown_fields: UnknownFields = key(
        _UNKNOWN_FIELDS,
        "refuse",
        "What becomes of fields in a body that the handler did not declare.",
    )


class Redis(Section, frozen=True):
    """The Redis server, for those services and plugins of the project that use one."""

    url: str | None = key(
        text(), None, "The address of the Redis server.", variable="REDIS_URL", secret=True
    )


class Health(Section, frozen=True):
    """What the health URLs tell."""

    details: bool = key(
        truth(),
        False,
        "Whether /health names each check with its time and its error.",
        by_environment={"development": True, "test": True},
    )


class Metrics(Section, frozen=True):
    """Who may read /metrics; where nothing is set, nobody, and then nothing is counted."""

    token: str | None = key(
        text(),
        None,
        "What a scraper sends: Authorization: Bearer, and this.",
        secret=True,
    )
    allow: tuple[str, ...] = key(
        networks(),
        (),
        "Addresses or networks that may ask, by themselves and not through a proxy; unix for those "
        "that come by a Unix socket.",
    )
