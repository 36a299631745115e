"""The migrations of a project, as settings and files say."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from zenith_server.draft import Draft
from zenith_server.errors import Fault
from zenith_server.manifest import Manifest
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.database.engines import Database
    from zenith_server.database.migrations import Migrations as Revisions

FOLDER = "migrations"


def revisions_of(settings: Settings, database: Database) -> Revisions:
    """Return the migrations of a project, in a database of its own or that of the app."""
    from zenith_server.database.migrations import Migrations as Revisions

    patience = settings.migrations.statement_lock_timeout
    return Revisions(database, settings.root / FOLDER, statement_wait=patience)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Revisions]:
    """The migrations of the project for one command."""
    from zenith_server.database.configured import database_of

    async with database_of(settings).lifespan() as database:
        yield revisions_of(settings, database)


def load_models(revisions: Revisions, settings: Settings, manifest: Manifest) -> tuple[Fault, ...]:
    """Let these migrations know what the models declare; return what is wrong with model files."""
    from zenith_server.database.models import metadata

    draft = Draft(settings, manifest)
    modules = [module for _, module in draft.modules("model")]
    revisions.metadata = metadata(modules)
    return tuple(draft.faults)


def judged(settings: Settings, backend: str) -> str:
    """Return the database that a review judges: where SQLite is used to develop, PostgreSQL."""
    is_served = settings.environment.name in ("staging", "production")
    return "postgresql" if backend == "sqlite" and not is_served else backend
