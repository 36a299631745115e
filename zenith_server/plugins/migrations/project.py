"""The migrations of a project, as settings and files say."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zenith_server.database.databases import DEFAULT, Databases
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.owners import faults_of, models_of
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database
    from zenith_server.database.migrations import Migrations as Revisions

FOLDER = "migrations"


def folder_of(settings: Settings, name: str) -> Path:
    """Return where the revisions of a database are, whether or not there are any."""
    folder = settings.root / FOLDER
    return folder if name == DEFAULT else folder / name


def label(noun: str, name: str) -> str:
    """Return what a line of a database begins with.

    Example:
        >>> label("migrations", "default"), label("migrations", "analytics")
        ('migrations', 'migrations of analytics')
    """
    return noun if name == DEFAULT else f"{noun} of {name}"


def asked(databases: Databases, name: str | None) -> tuple[str, ...]:
    """Return the database of this name, or all; the default one if something is known of it."""
    if name is not None:
        return (name,)
    settings = databases.settings
    is_named = bool(settings.database.url) or DEFAULT in databases.wanted
    has_default = is_named or not settings.databases or any((settings.root / FOLDER).glob("*.*"))
    return (*((DEFAULT,) if has_default else ()), *settings.databases)


def revisions_of(settings: Settings, database: Database) -> Revisions:
    """Return the migrations of a database of the project, in its own or that of the app."""
    from zenith_server.database.migrations import Migrations as Revisions

    patience = settings.migrations.statement_lock_timeout
    return Revisions(database, folder_of(settings, database.name), statement_wait=patience)


@asynccontextmanager
async def opened(databases: Databases, name: str = DEFAULT) -> AsyncGenerator[Revisions]:
    """The migrations of one of the project's databases, for one command.

    Raises:
        ProjectError: there is no such database; and what the command raises, told for this one.
    """
    from zenith_server.database.configured import refuse_unknown

    refuse_unknown(databases.settings, name)
    with told_for(name):
        async with databases.get(name).lifespan() as database:
            yield revisions_of(databases.settings, database)


@contextmanager
def told_for(name: str) -> Generator[None]:
    """Let faults name the commands for this database."""
    try:
        yield
    except ProjectError as error:
        if name == DEFAULT:
            raise
        raise ProjectError(*(_told_for(name, fault) for fault in error.faults)) from error


def _told_for(name: str, fault: Fault) -> Fault:
    command = re.compile(r"(zenith-server db \w+)(?! --database)")
    fixes = tuple(command.sub(rf"\1 --database {name}", each) for each in fault.fixes)
    return replace(fault, fixes=fixes)


def load_models(revisions: Revisions, settings: Settings, manifest: Manifest) -> tuple[Fault, ...]:
    """Let these migrations know what the models of their database declare.

    All model files are imported, since they may refer to each other.

    Returns:
        What is wrong with model files.
    """
    draft = Draft(settings, manifest)
    modules = list(draft.modules("model"))
    revisions.metadata = models_of(revisions.database.name, modules, settings)
    return (*draft.faults, *faults_of(modules, settings))


def judged(settings: Settings, backend: str) -> str:
    """Return the database that a review judges: where SQLite is used to develop, PostgreSQL."""
    is_served = settings.environment.name in ("staging", "production")
    return "postgresql" if backend == "sqlite" and not is_served else backend
