"""What the plugin adds to a project: a step before serving, a check, and commands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from zenith_server.draft import Draft
from zenith_server.errors import Fault, suggestion
from zenith_server.manifest import Convention, ProjectFile
from zenith_server.plugin import Command, Plugin
from zenith_server.plugins.migrations import commands
from zenith_server.plugins.migrations.check import check
from zenith_server.plugins.migrations.ejecting import eject
from zenith_server.plugins.migrations.owners import faults_of, owner_of
from zenith_server.plugins.migrations.project import DEFAULT, FOLDER, label
from zenith_server.plugins.migrations.squashing import squash
from zenith_server.plugins.migrations.start import Start

_DATABASES = "zenith_server.database.databases.Databases"


class Migrations(Plugin):
    """Makes, runs and undoes migrations of the databases."""

    name = "migrations"
    after = ("database",)

    def conventions(self) -> Iterable[Convention]:
        """Return the files in `migrations/`, and in its folder for each further database."""
        return (
            Convention("migration", FOLDER, meaning="changes of the database"),
            Convention("migration", FOLDER, "*.sql", meaning="the same in plain SQL"),
        )

    def setup(self, draft: Draft) -> None:
        """Add the steps before serving, and the checks."""
        names = draft.settings.databases
        owners = {owner_of(file.relative, names) for file in draft.files("migration")}
        draft.faults.extend(_of_nobody(draft.files("migration"), names))
        if names:
            draft.faults.extend(faults_of(list(draft.modules("model")), draft.settings))
        databases = draft.shared(_DATABASES)
        for name in databases.names:
            row = label("migrations", name)
            if name in owners:
                _follow(draft, row, Start(draft.settings, databases, name))
            elif any(owner_of(each.relative, names) == name for each in draft.files("model")):
                option = "" if name == DEFAULT else f" --database {name}"
                draft.fact(row, _none_yet(option))

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
            Command("db squash", squash),
            Command("db eject", eject),
        )


def _follow(draft: Draft, row: str, start: Start) -> None:
    """Add what is done before serving, and what readiness asks."""
    if draft.settings.migrations.on_start == "off":
        draft.fact(row, lambda: "not looked at: migrations.on_start is off")
        return
    draft.prepare(row, start.prepare)
    draft.check(row, start.check)


def _none_yet(option: str) -> Callable[[], str]:
    return lambda: f"none yet: zenith-server db make MESSAGE{option}"


def _of_nobody(files: Iterable[ProjectFile], names: Collection[str]) -> Iterable[Fault]:
    """Revisions in folders that are no database's: they would never run."""
    folders = {file.relative.split("/")[1]: file for file in files if file.relative.count("/") > 1}
    for folder, file in folders.items():
        if file.relative.count("/") > 2 or folder not in names:
            yield Fault(
                f"{file.relative} belongs to no database.{suggestion(folder, names)}".rstrip("."),
                (file.relative,),
                "migrations/ holds the revisions of the default database, and a folder in it those "
                f"of a further one. {_told_names(names)}",
                (
                    "Move the revisions into the folder of their database.",
                    f"To keep them where they are and never run them: {FOLDER}/_{folder}/",
                ),
            )


def _told_names(names: Collection[str]) -> str:
    return f"Further ones are: {', '.join(names)}." if names else "There are no further ones."
