"""The interface of every feature, built in or from elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, ClassVar

from msgspec import Struct

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention, ProjectFile


class Command(Struct, frozen=True):
    """A subcommand that a plugin adds to `zenith-server`.

    Args:
        name: one or two words: `greet`, or `db squash` for a command of a group.
        run: the function. Its parameters become arguments and options, apart from those annotated
            `Settings`, `Manifest`, `Plan` or `Databases`: these get the project's. It may be async.
            Its docstring is the help; a text that it returns is printed, a number is the exit code.

    Example:
        >>> def greet(name: str, *, loud: bool = False, settings: Settings) -> str:
        ...     return f"Hello {name} from {settings.environment.name}{'!' if loud else ''}"
        >>> Command("greet", greet)
    """

    name: str
    run: Callable[..., Any]


class Plugin:
    """One feature: which files are its own, what they become, what the command line gains.

    `name` is what settings and other plugins call it; `after` names plugins that run before it
    where they take part at all.

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


def plugins_in(module: ModuleType, file: ProjectFile) -> tuple[Plugin, ...]:
    """Return the plugins that a file of the project defines.

    Raises:
        ProjectError: it defines none, or one that has no name.
    """
    kinds = [value for value in vars(module).values() if _is_plugin(value, module)]
    if not kinds:
        raise ProjectError(_none(file))
    nameless = [kind for kind in kinds if not isinstance(getattr(kind, "name", None), str)]
    if nameless:
        raise ProjectError(*(_nameless(kind, file) for kind in nameless))
    return tuple(kind() for kind in kinds)


def _is_plugin(value: Any, module: ModuleType) -> bool:
    is_kind = inspect.isclass(value) and issubclass(value, Plugin)
    return is_kind and value.__module__ == module.__name__ and not value.__name__.startswith("_")


def _none(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} has no plugin",
        (file.relative,),
        "A file in plugins/ defines a class that derives from Plugin.",
        (
            "Write: from zenith_server import Plugin; class Mine(Plugin): ...",
            "Or put an underscore before the file's name to keep it private.",
        ),
    )


def _nameless(kind: type[Plugin], file: ProjectFile) -> Fault:
    return Fault(
        f"The plugin {kind.__qualname__} has no name",
        (file.relative,),
        "Settings and other plugins know a plugin by its name.",
        (f'Give it one: name = "{kind.__name__.lower()}"',),
    )


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
