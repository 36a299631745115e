"""The revisions of the example and its models say the same."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import MetaData

from tests.example_project.conftest import PROJECT
from tests.served import Served
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations


def models() -> MetaData:
    """Return the tables of the project that is served in this process."""
    return sys.modules["models.base"].Base.metadata


async def test_the_revisions_make_what_the_models_declare(
    app: Served, database: Database, tmp_path: Path
) -> None:
    made = await Migrations(database, PROJECT / "migrations", [models()]).make("nothing")
    assert (made.file, made.changes) == (None, ())


async def test_the_revisions_can_be_undone(database: Database) -> None:
    migrations = Migrations(database, PROJECT / "migrations")
    await migrations.downgrade("base")
    run = await migrations.upgrade()
    assert [revision.id for revision in run.ran] == ["0001", "0002", "0003"]
