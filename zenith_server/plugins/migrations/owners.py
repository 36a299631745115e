"""Which database a model file belongs to: `models/analytics/` is that of `analytics`."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from zenith_server.errors import Fault
from zenith_server.manifest import ProjectFile
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import MetaData

Loaded = Sequence[tuple[ProjectFile, ModuleType]]


def owner_of(relative: str, names: Collection[str]) -> str:
    """Return the database whose folder a file lies in.

    Args:
        relative: the file, from the project's folder.
        names: the further databases.

    Example:
        >>> owner_of("models/analytics/visit.py", ["analytics"])
        'analytics'
        >>> owner_of("models/shop/article.py", ["analytics"])
        'default'
    """
    _, folder, *rest = (*relative.split("/"), "")
    return folder if rest != [""] and folder in names else "default"


def models_of(name: str, modules: Loaded, settings: Settings) -> tuple[MetaData, ...]:
    """Return the tables that the models of one database declare."""
    from zenith_server.database.models import metadata

    if not settings.databases:
        return metadata(module for _, module in modules)
    owned = [
        module for file, module in modules if owner_of(file.relative, settings.databases) == name
    ]
    return metadata(_own(owned, {module.__name__ for _, module in modules}))


def faults_of(modules: Loaded, settings: Settings) -> tuple[Fault, ...]:
    """Return what is wrong with how the models are shared out among the databases."""
    if not settings.databases:
        return ()
    return (*_elsewhere(modules, settings), *_shared(modules, settings))


def _own(modules: Iterable[ModuleType], all_names: set[str]) -> Iterable[ModuleType]:
    """Leave out the classes that a module only imports from another model file."""
    for module in modules:
        others = all_names - {module.__name__}
        own = ModuleType(module.__name__)
        own.__dict__.update(
            (key, value)
            for key, value in vars(module).items()
            if not (isinstance(value, type) and value.__module__ in others)
        )
        yield own


def _elsewhere(modules: Loaded, settings: Settings) -> Iterable[Fault]:
    """Models whose sessions are those of another database than the one of their folder."""
    for file, module in modules:
        owner = owner_of(file.relative, settings.databases)
        for value in vars(module).values():
            said = getattr(value, "__database__", owner) if isinstance(value, type) else owner
            if said != owner and value.__module__ == module.__name__:
                yield _misplaced(file, value, said, owner)


def _misplaced(file: ProjectFile, model: type, said: str, owner: str) -> Fault:
    home = "models/" if said == "default" else f"models/{said}/"
    return Fault(
        f"{model.__name__} says that it is of the database {said}, its folder says {owner}",
        (f"{file.relative}:{inspect.getsourcelines(model)[1]}",),
        "Migrations count models by folder, sessions by __database__.",
        (f"Move the file to {home}", f'Or write in the class: __database__ = "{owner}"'),
    )


def _shared(modules: Loaded, settings: Settings) -> Iterable[Fault]:
    """Bases that the models of two databases share: their tables cannot be told apart."""
    first: dict[int, str] = {}
    for name in ("default", *settings.databases):
        for each in models_of(name, modules, settings):
            other = first.setdefault(id(each), name)
            if other != name:
                yield _one_base(other, name)


def _one_base(one: str, other: str) -> Fault:
    return Fault(
        f"The models of {one} and {other} share one base class",
        why="Its tables would be made in both databases.",
        fixes=(f"Give the models in models/{other}/ a base class of their own.",),
    )
