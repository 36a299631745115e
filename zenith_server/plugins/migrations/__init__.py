"""`migrations/`: the database follows the models before anything is served, and by command."""

from zenith_server.plugins.migrations.plugin import Migrations

__all__ = ["Migrations"]
