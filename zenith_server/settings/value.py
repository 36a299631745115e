"""The settings of a project: frozen values, each of which knows where it comes from."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path

from msgspec import Struct, field

from zenith_server.environment import Environment
from zenith_server.errors import Fault, ProjectError
from zenith_server.names import VERSION
from zenith_server.secrets import looks_secret, masked, printable
from zenith_server.settings.api import Docs, Version, Versions
from zenith_server.settings.connections import Connections
from zenith_server.settings.keys import Discreet, Key, declared
from zenith_server.settings.sections import (
    Cors,
    Database,
    Errors,
    Health,
    Logging,
    Metrics,
    Migrations,
    Redis,
    Requests,
    Security,
    Server,
)

SECTIONS = {
    "server": Server,
    "connections": Connections,
    "database": Database,
    "migrations": Migrations,
    "security": Security,
    "cors": Cors,
    "logging": Logging,
    "errors": Errors,
    "requests": Requests,
    "health": Health,
    "metrics": Metrics,
    "docs": Docs,
    "versions": Versions,
    "redis": Redis,
}
OPEN_SECTIONS = ("databases", "environments", "layers", "plugins")
KEYS: Mapping[str, Key] = {
    key.name: key for name, section in SECTIONS.items() for key in declared(name, section)
}
VERSION_KEYS: Mapping[str, Key] = {key.name: key for key in declared("version", Version)}
_FURTHER_DATABASE = re.compile(r"databases\.(?!default\.)[a-z][a-z0-9_]*\.(\w+)")
_ONE_VERSION = re.compile(rf"versions\.(?:{VERSION.pattern})\.(\w+)")


def key_of(name: str) -> Key | None:
    """Return how a setting is declared; those of further databases are as those of the first.

    Each version of the API has the same ones.

    Example:
        >>> key_of("databases.analytics.pool_size") == KEYS["database.pool_size"]
        True
    """
    one = _ONE_VERSION.fullmatch(name)
    if one:
        return VERSION_KEYS.get(f"version.{one[1]}")
    further = _FURTHER_DATABASE.fullmatch(name)
    return KEYS.get(f"database.{further[1]}" if further else name)


class Given(Struct, frozen=True):
    """A value that one source gives to a setting.

    Args:
        origin: the source, such as "zenith.yaml:3" or "environment variable PORT".
        value: the value, already of the setting's kind.
    """

    origin: str
    value: object


class Explained(Struct, frozen=True):
    """A setting as `zenith-server config --explain` prints it; secrets are masked.

    Args:
        key: its dotted name.
        value: its value.
        origin: the source that won.
        overridden: what the sources below it said, highest first.
        description: what the setting does.
        variables: the environment variables that set it.
        secret: whether the value is masked.
    """

    key: str
    value: object
    origin: str
    overridden: tuple[Given, ...]
    description: str
    variables: tuple[str, ...]
    secret: bool


class Settings(Discreet, frozen=True):
    """Everything that configures a project; `read_settings` makes it, nothing changes it.

    Args:
        root: the project folder.
        environment: the environment, and why it is that one.
        databases: further databases by name, each with the settings of a database.
        by_version: what is said of single versions of the API, by their names.
        layers: layers switched on or off by name, on top of the environment's preset.
        plugins: the plugins that are asked for, each with its own settings.
        environ: the process environment over the variables of the .env files.
        warnings: what is unwise, though it does not stop the project.
        givens: for each setting that a source gave, what each said, the winner first.

    Example:
        >>> Settings(Path("shop"), Environment("production", "from --env")).server.port
        8000
    """

    root: Path
    environment: Environment
    server: Server = field(default_factory=Server)
    connections: Connections = field(default_factory=Connections)
    database: Database = field(default_factory=Database)
    migrations: Migrations = field(default_factory=Migrations)
    security: Security = field(default_factory=Security)
    cors: Cors = field(default_factory=Cors)
    logging: Logging = field(default_factory=Logging)
    errors: Errors = field(default_factory=Errors)
    requests: Requests = field(default_factory=Requests)
    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=Metrics)
    docs: Docs = field(default_factory=Docs)
    versions: Versions = field(default_factory=Versions)
    redis: Redis = field(default_factory=Redis)
    databases: Mapping[str, Database] = field(default_factory=dict[str, Database])
    by_version: Mapping[str, Version] = field(default_factory=dict[str, Version])
    layers: Mapping[str, bool] = field(default_factory=dict[str, bool])
    plugins: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[Fault, ...] = ()
    givens: Mapping[str, tuple[Given, ...]] = field(default_factory=dict[str, tuple[Given, ...]])

    def origin(self, key: str) -> str:
        """Return the source that a setting's value comes from.

        Args:
            key: its dotted name.

        Raises:
            ProjectError: there is no such setting.

        Example:
            >>> Settings(Path("shop"), Environment("production", "")).origin("server.port")
            'default'
        """
        return self.explain(key)[0].origin

    def explain(self, name: str = "") -> tuple[Explained, ...]:
        """Return settings with their values, origins and what was overridden; secrets masked.

        Args:
            name: a setting, a section, or nothing for all.

        Raises:
            ProjectError: there is no such setting or section.

        Example:
            >>> settings = Settings(Path("shop"), Environment("production", ""))
            >>> settings.explain("database.url")[0].variables
            ('ZENITH_DATABASE__URL', 'DATABASE_URL')
        """
        known = {**{key: self._default(key) for key in KEYS}, **self.givens}
        wanted = [key for key in known if not name or f"{key}.".startswith(f"{name}.")]
        if not wanted:
            raise ProjectError(unknown_setting(name, (), known))
        return tuple(_explained(key, known[key]) for key in wanted)

    @classmethod
    def hidden(cls) -> Container[str]:
        """Return the names of what may hold secrets, whatever it is called there."""
        return ("plugins", "environ", "givens")

    def _default(self, key: str) -> tuple[Given, ...]:
        value: object = attrgetter(key)(self)
        return (Given("default", value),)


def unknown_setting(name: str, where: tuple[str, ...], known: Iterable[str] = KEYS) -> Fault:
    """Return the fault of naming a setting that does not exist, with the one that was meant."""
    words = {key.rpartition(".")[2]: key for key in reversed(tuple(known))}
    words |= {whole: whole for whole in (*known, *SECTIONS, *OPEN_SECTIONS)}
    close = get_close_matches(name, words, n=1)
    return Fault(
        f'There is no setting "{name}".' + (f' Did you mean "{words[close[0]]}"?' if close else ""),
        where,
        fixes=("See what there is with `zenith-server config --explain`.",),
    )


def _explained(name: str, givens: tuple[Given, ...]) -> Explained:
    key = key_of(name)
    first, *lower = (Given(each.origin, _shown(name, each.value)) for each in givens)
    description = key.description if key else ""
    variables = key.variables if key and key.name == name else ()
    secret = key.secret if key else looks_secret(name.rpartition(".")[2])
    return Explained(name, first.value, first.origin, tuple(lower), description, variables, secret)


def _shown(name: str, value: object) -> object:
    key = key_of(name)
    if key is None:
        return printable(name.rpartition(".")[2], value)
    return masked(value) if key.secret else value
