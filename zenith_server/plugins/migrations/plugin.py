"""What the plugin adds to a project: a step before serving, a check, and commands."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.draft import Draft
from zenith_server.manifest import Convention
from zenith_server.plugin import Command, Plugin
from zenith_server.plugins.migrations import commands
from zenith_server.plugins.migrations.check import check
from zenith_server.plugins.migrations.project import FOLDER
from zenith_server.plugins.migrations.start import Start

_DATABASE = "zenith_server.database.engines.Database"


class Migrations(Plugin):
    """Makes, runs and undoes migrations of the database."""

    name = "migrations"
    after = ("database",)

    def conventions(self) -> Iterable[Convention]:
        """Return the files in `migrations/`."""
        return (Convention("migration", FOLDER, deep=False, meaning="changes of the database"),)

    def setup(self, draft: Draft) -> None:
        """Add the step before serving, and the check."""
        if not draft.files("migration"):
            if draft.files("model"):
                draft.fact("migrations", lambda: "none yet: zenith-server db make MESSAGE")
            return
        if draft.settings.migrations.on_start == "off":
            draft.fact("migrations", lambda: "not looked at: migrations.on_start is off")
            return
        start = Start(draft.settings, draft.shared(_DATABASE))
        draft.prepare("migrations", start.prepare)
        draft.check("migrations", start.check)

    def commands(self) -> Iterable[Command]:
        """Return the commands of the group `db`."""
        return (
            Command("db make", commands.make),
            Command("db upgrade", commands.upgrade),
            Command("db downgrade", commands.downgrade),
            Command("db status", commands.status),
            Command("db check", check),
            Command("db sql", commands.sql),
            Command("db merge", commands.merge),
            Command("db history", commands.history),
        )
