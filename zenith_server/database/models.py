"""The tables that model modules declare, whatever their style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from types import ModuleType

from sqlalchemy import MetaData, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from zenith_server.errors import Fault, ProjectError, suggestion


def metadata(modules: Iterable[ModuleType]) -> tuple[MetaData, ...]:
    """Return the metadata that these modules use, each once, in the order of the modules.

    It is found through subclasses of `DeclarativeBase`, classes from `declarative_base()`,
    SQLModel classes, and plain `Table` and `MetaData` objects.

    Args:
        modules: loaded modules, such as all files of `models/`.
    """
    found = (each for module in modules for each in _in_module(module))
    return tuple({id(each): each for each in found}.values())


def configure(modules: Iterable[ModuleType]) -> None:
    """Resolve all relationships now, not at the first query.

    Args:
        modules: loaded modules; a fault is placed at the class that it names.

    Raises:
        ProjectError: a relationship cannot be resolved, or two models have one table.
    """
    loaded = tuple(modules)
    try:
        configure_mappers()
    except SQLAlchemyError as error:
        raise ProjectError(_fault(str(error), tuple(_classes(loaded)), loaded)) from error
    faults = _declared_twice(metadata(loaded))
    if faults:
        raise ProjectError(*faults)


def _in_module(module: ModuleType) -> Iterator[MetaData]:
    for value in vars(module).values():
        found = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
        # `Model` itself is imported everywhere, also where all tables are of another database.
        is_base = getattr(value, "__module__", "") == "zenith_server.database.model"
        of_tables = isinstance(value, (MetaData, Table, type)) and not is_base
        if of_tables and isinstance(found, MetaData):
            yield found


def _classes(modules: Iterable[ModuleType]) -> Iterator[type]:
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value


def _fault(message: str, classes: tuple[type, ...], modules: tuple[ModuleType, ...]) -> Fault:
    first_line = message.splitlines()[0]
    named = _first_named(first_line, classes)
    files = tuple(str(module.__file__) for module in modules)
    return Fault(
        "A model cannot be configured",
        (_place(named),) if named else files,
        f"{first_line.rstrip('.')}.",
        (f"Correct the relationship or the name.{_meant(first_line, classes)}",),
    )


def _first_named(message: str, classes: tuple[type, ...]) -> type | None:
    named = {each.__name__: each for each in classes}
    return next((named[word] for word in re.findall(r"\w+", message) if word in named), None)


def _place(model: type) -> str:
    return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}"


def _meant(message: str, classes: tuple[type, ...]) -> str:
    missing = re.search(r"failed to locate a name \([\"']+([\w.]+)", message)
    return suggestion(missing[1], [each.__name__ for each in classes]) if missing else ""


def _declared_twice(found: tuple[MetaData, ...]) -> list[Fault]:
    tables = [name for each in found for name in each.tables]
    return [
        Fault(
            f'Table "{name}" is declared by {tables.count(name)} bases',
            (),
            "One database has one table of that name.",
            ("Let all models share one base class, or rename one of the tables.",),
        )
        for name in sorted(set(tables))
        if tables.count(name) > 1
    ]
