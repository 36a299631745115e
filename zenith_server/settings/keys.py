"""A declared setting: its kind, its defaults, its description, its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar, cast

from zenith_server.environment import Environment, EnvironmentName
from zenith_server.settings.kinds import Kind

T = TypeVar("T")
Computed = Callable[[Environment], "tuple[T, str] | None"]


@dataclass(frozen=True, slots=True)
class Key:
    """One setting as it is declared; `key` makes it, `declared` finds it.

    Args:
        name: its dotted name, such as "server.port".
        kind: what its text means.
        default: its value where nothing else is said.
        description: what it does, one sentence.
        by_environment: defaults of single environments.
        variable: the conventional environment variable, such as "PORT".
        secret: whether its value is masked wherever it is printed.
        computed: a default that depends on the machine, with its reason.
    """

    name: str
    kind: Kind[object]
    default: object
    description: str
    by_environment: Mapping[EnvironmentName, object]
    variable: str
    secret: bool
    computed: Computed[object] | None

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it; an earlier one wins."""
        own = "ZENITH_" + self.name.upper().replace(".", "__")
        return (own, self.variable) if self.variable else (own,)

    def default_in(self, environment: Environment) -> tuple[object, str]:
        """Return its value where no source gives one, and the reason of that value."""
        if environment.name in self.by_environment:
            return self.by_environment[environment.name], f"default of {environment.name}"
        computed = self.computed(environment) if self.computed else None
        return computed or (self.default, "default")


def key(
    kind: Kind[T],
    default: T,
    description: str,
    *,
    by_environment: Mapping[EnvironmentName, T] | None = None,
    variable: str = "",
    secret: bool = False,
    computed: Computed[T] | None = None,
) -> T:
    """Declare a setting as a field of its section; the arguments are those of `Key`.

    Example:
        >>> from zenith_server.settings.kinds import whole
        >>> @dataclass(frozen=True)
        ... class Mail:
        ...     port: int = key(whole(1, 65535), 25, "The port of the mail server.")
        >>> Mail().port
        25
    """
    usual = by_environment or {}
    declaration = Key("", kind, default, description, usual, variable, secret, computed)
    return field(default=default, repr=not secret, metadata={"key": declaration})


def declared(section: str, values: type) -> Iterator[Key]:
    """Yield the settings declared in the class of a section."""
    for each in fields(values):
        yield replace(cast("Key", each.metadata["key"]), name=f"{section}.{each.name}")
