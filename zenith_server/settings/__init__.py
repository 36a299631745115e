"""The settings of a project: what is configured, where it was said, and what was wrong with it."""

from zenith_server.settings.api import Version, Versions
from zenith_server.settings.connections import Connections
from zenith_server.settings.process import settings_of
from zenith_server.settings.read import read_settings
from zenith_server.settings.sections import (
    Cors,
    Database,
    Errors,
    Health,
    Logging,
    Metrics,
    Migrations,
    Redis,
    Requests,
    Security,
    Server,
)
from zenith_server.settings.value import Explained, Given, Settings

__all__ = [
    "Connections",
    "Cors",
    "Database",
    "Errors",
    "Explained",
    "Given",
    "Health",
    "Logging",
    "Metrics",
    "Migrations",
    "Redis",
    "Requests",
    "Security",
    "Server",
    "Settings",
    "Version",
    "Versions",
    "read_settings",
    "settings_of",
]
