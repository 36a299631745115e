"""Alembic as a library: the project holds revisions only, no alembic.ini and no env.py."""

from zenith_server.database.migrations.migrations import Migrations
from zenith_server.database.migrations.review import Finding, dangers
from zenith_server.database.migrations.squash import Squash, squash
from zenith_server.database.migrations.state import MigrationRun, MigrationState, NewRevision

__all__ = [
    "Finding",
    "MigrationRun",
    "MigrationState",
    "Migrations",
    "NewRevision",
    "Squash",
    "dangers",
    "squash",
]
