"""A declared setting: its kind, its defaults, its description, its variables."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, ClassVar, TypeVar, cast

from msgspec import Struct, StructMeta
from msgspec.structs import replace

from zenith_server.environment import Environment, EnvironmentName
from zenith_server.settings.kinds import Kind

T = TypeVar("T")
Computed = Callable[[Environment], "tuple[T, str] | None"]


class Key(Struct, frozen=True):
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
        >>> class Mail(Section, frozen=True):
        ...     port: int = key(whole(1, 65535), 25, "The port of the mail server.")
        >>> Mail().port
        25
    """
    usual = by_environment or {}
    declaration = Key("", kind, default, description, usual, variable, secret, computed)
    return cast("T", declaration)


class _Declaring(StructMeta):
    """Makes a field with its default of each declaration in a section, and keeps that."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        keys = {each: key for each, key in namespace.items() if isinstance(key, Key)}
        defaults = {each: key.default for each, key in keys.items()}
        return super().__new__(cls, name, bases, {**namespace, **defaults, "keys": keys}, **options)


class Discreet(Struct, frozen=True):
    """Values of which some are not printed with the others."""

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Return what is printed."""
        hidden = self.hidden()
        return [(n, getattr(self, n)) for n in self.__struct_fields__ if n not in hidden]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__qualname__}({values})"

    @classmethod
    def hidden(cls) -> Container[str]:
        """Return the names of what is not printed."""
        return ()


class Section(Discreet, frozen=True, metaclass=_Declaring):
    """The settings of one section."""

    keys: ClassVar[Mapping[str, Key]] = {}

    @classmethod
    def hidden(cls) -> Container[str]:
        """Return the names of secrets."""
        return [name for name, declaration in cls.keys.items() if declaration.secret]


def declared(section: str, values: type[Section]) -> Iterator[Key]:
    """Yield the settings declared in the class of a section."""
    for name, declaration in values.keys.items():
        yield replace(declaration, name=f"{section}.{name}")
