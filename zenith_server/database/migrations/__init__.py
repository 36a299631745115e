"""Alembic as a library: the project holds revisions only, no alembic.ini and no env.py."""

from zenith_server.database.migrations.migrations import Migrations
from zenith_server.database.migrations.state import MigrationRun, MigrationState, NewRevision

__all__ = ["MigrationRun", "MigrationState", "Migrations", "NewRevision"]
