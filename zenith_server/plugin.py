"""The interface of every feature, built in or from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand that a plugin adds to `zenith-server`.

    Args:
        name: one or two words: `greet`, or `db squash` for a command of a group.
        run: the function. Its parameters become arguments and options, apart from those annotated
            `Settings`, `Manifest` or `Plan`: these get the project's. It may be async. Its
            docstring is the help; a text that it returns is printed, a number is the exit code.

    Example:
        >>> def greet(name: str, *, loud: bool = False, settings: Settings) -> str:
        ...     return f"Hello {name} from {settings.environment.name}{'!' if loud else ''}"
        >>> Command("greet", greet)
    """

    name: str
    run: Callable[..., Any]


class Plugin:
    """One feature: which files are its own, what they become, what the command line gains.

    Example:
        >>> class Version(Plugin):
        ...     name = "version"
        ...     def setup(self, draft: Draft) -> None:
        ...         draft.route("GET", "/version", lambda: {"version": 1})
    """

    name: ClassVar[str]
    after: ClassVar[tuple[str, ...]] = ()

    def conventions(self) -> Iterable[Convention]:
        """Return which files of a project are this plugin's."""
        return ()

    def setup(self, draft: Draft) -> None:
        """Add to the plan what this plugin does."""

    def commands(self) -> Iterable[Command]:
        """Return what the command line gains."""
        return ()


def in_order(plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
    """Return plugins as they were given, each behind those that it names in `after`.

    Raises:
        ProjectError: two of one name, or plugins that wait for each other in a circle.
    """
    waiting = {plugin.name: plugin for plugin in _unique(plugins)}
    ordered: list[Plugin] = []
    while waiting:
        ready = next((p for p in waiting.values() if not waiting.keys() & set(p.after)), None)
        if ready is None:
            raise ProjectError(_circle(sorted(waiting)))
        ordered.append(waiting.pop(ready.name))
    return tuple(ordered)


def _unique(plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
    seen: dict[str, Plugin] = {}
    for plugin in plugins:
        first = seen.setdefault(plugin.name, plugin)
        if first is not plugin:
            raise ProjectError(
                Fault(
                    f'Two plugins are called "{plugin.name}"',
                    tuple(f"{type(p).__module__}.{type(p).__qualname__}" for p in (first, plugin)),
                    "Settings and other plugins know a plugin by its name.",
                    ("Rename one of the two.",),
                )
            )
    return tuple(seen.values())


def _circle(names: list[str]) -> Fault:
    return Fault(
        f"Plugins wait for each other: {', '.join(names)}",
        why="Each names another of them in `after`.",
        fixes=("Take one of the names out of `after`.",),
    )
