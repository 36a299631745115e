"""What can go wrong with migrations, explained."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from zenith_server.database.migrations.environment import Progress
from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.migrations.state import MigrationState
from zenith_server.database.url import DatabaseURL
from zenith_server.errors import Fault, suggestion

STATEMENT_LENGTH = 300
_UPGRADE = "Apply them first: zenith-server db upgrade"


def fork(heads: tuple[Revision, ...]) -> Fault:
    """Say that several revisions are the newest one."""
    first, *others = heads
    fixes = (
        f'Or in {other.file.name}, let the first revision of its branch follow "{first.id}": '
        f'down_revision = "{first.id}".'
        for other in others
    )
    return Fault(
        f"The migrations have {len(heads)} heads: {', '.join(head.name for head in heads)}",
        tuple(head.place for head in heads),
        "Each revision but the last is followed by one other, so that their order is plain.",
        ("Merge them into one: zenith-server db merge", *fixes),
    )


def failed(
    error: BaseException,
    revisions: tuple[Revision, ...],
    progress: Progress,
    url: DatabaseURL,
) -> Fault:
    """Say which revision failed, where, at which statement, and what stands now."""
    named = {revision.id: revision for revision in revisions}
    revision = named[progress.running] if progress.running else None
    done = ", ".join(named[key].name for key in progress.done) or "none"
    why = [
        f"{_message(error)}.",
        *_statement(error),
        f"Revisions that were finished before it, in this run: {done}.",
    ]
    return Fault(
        f"Revision {revision.name} failed" if revision else "The migrations failed",
        _places(error, revisions, revision),
        "\n".join(why),
        _after_failure(url),
    )


def locked(fault: Fault, seconds: float, others: tuple[str, ...]) -> Fault:
    """Say in the fault of a revision that it waited for a lock, and who is likely to hold it."""
    held = f"The oldest transactions of the database: {', '.join(others)}." if others else ""
    return Fault(
        f"{fault.what}: others use its table",
        fault.where,
        f"Each attempt waited {seconds:g} seconds for a lock, not to hold up the traffic.\n"
        f"{fault.why}\n{held}".rstrip(),
        ("Wait until the long transactions have ended, or end them; then start again.",),
    )


def unwritten(error: BaseException, revisions: tuple[Revision, ...], progress: Progress) -> Fault:
    """Say which revision cannot be written as a script."""
    named = {revision.id: revision for revision in revisions}
    revision = named[progress.running] if progress.running else None
    return Fault(
        f"{revision.name if revision else 'The migrations'} cannot be written as a script",
        _places(error, revisions, revision),
        f"{_message(error)}. A script is written without looking at a database.",
        ("Write the part before it and the part after it, and its own by hand: --since, --target",),
    )


def _after_failure(url: DatabaseURL) -> tuple[str, ...]:
    if url.backend == "mysql":
        undo = "Undo by hand what the revision did so far: MySQL cannot roll back DDL."
        return (undo, "Correct the revision, then start again.")
    return ("Correct the revision, then start again: what it did is rolled back.",)


def _places(
    error: BaseException, revisions: tuple[Revision, ...], revision: Revision | None
) -> tuple[str, ...]:
    files = {str(each.file): each.place for each in revisions}
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{files[each.filename]}:{each.lineno}" for each in frames if each.filename in files]
    return tuple(lines[-1:]) or ((revision.place,) if revision else ())


def _message(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(cause.args[-1]) if cause.args else type(cause).__name__
    shown = text if isinstance(error, DBAPIError) else f"{type(cause).__name__}: {text}"
    return shown.strip().rstrip(".")


def _statement(error: BaseException) -> tuple[str, ...]:
    if not isinstance(error, DBAPIError) or not error.statement:
        return ()
    text = " ".join(error.statement.split())
    shown = text if len(text) <= STATEMENT_LENGTH else f"{text[:STATEMENT_LENGTH]}…"
    return (f"The statement was: {shown}",)


def unknown_target(target: str, revisions: Iterable[Revision]) -> Fault:
    """Say that no revision has this id."""
    names = [name for revision in revisions for name in (revision.id, revision.name)]
    return Fault(
        f'There is no revision "{target}".{suggestion(target, names)}'.rstrip("."),
        fixes=("List them: zenith-server db history",),
    )


def out_of_steps(found: int, asked: int, verb: str) -> Fault:
    """Say that there are fewer revisions than steps."""
    left = f"Only {found} of {asked} revisions are" if found else "No revision is"
    return Fault(
        f"{left} left to {verb}",
        why="Nothing was changed: a number of steps is taken whole or not at all.",
        fixes=("See where the database stands: zenith-server db status",),
    )


def not_applied(revision: Revision) -> Fault:
    """Say that a downgrade cannot stop at a revision that the database does not have."""
    return Fault(
        f"The database does not have {revision.name}, so nothing after it can be undone",
        (revision.place,),
        fixes=("See what it has: zenith-server db status",),
    )


def behind(state: MigrationState) -> Fault:
    """Say that a revision cannot be made while others wait to be applied."""
    return Fault(
        "The database is behind the migrations",
        tuple(revision.place for revision in state.pending),
        "A new revision is the difference between models and database, so these would be in it.",
        (_UPGRADE,),
    )


def ahead(state: MigrationState, url: DatabaseURL, folder: Path) -> Fault:
    """Say that the database knows revisions that this code does not."""
    return Fault(
        f"The database is at revision {', '.join(state.unknown)}, which this code does not know",
        (f"{url.origin}: {url.masked}", f"{folder.name}/"),
        "Newer code, or another branch, has migrated this database.",
        ("Bring the missing revision files here, or use another database.",),
    )


def elsewhere(state: MigrationState, url: DatabaseURL, folder: Path) -> Fault:
    """Say that the database is at what no file is: ahead of this code, or left behind."""
    if not state.squashed:
        return ahead(state, url, folder)
    squashed = state.squashed[0]
    return Fault(
        f"The database is at revision {', '.join(state.unknown)}, "
        f"which {squashed.name} has replaced",
        (f"{url.origin}: {url.masked}", squashed.place),
        "It was not migrated to the end before the migrations were squashed. From where it stands, "
        "this code has no way on.",
        (f"Migrate it to {squashed.id} with the release before the squash, then start this one.",),
    )


def unloaded(faults: tuple[Fault, ...]) -> Fault:
    """Say that models which cannot be imported would be taken for dropped ones."""
    return Fault(
        "The models cannot be compared with the database",
        tuple(place for fault in faults for place in fault.where),
        "A table whose model is not loaded would be dropped by the new revision.",
        ("Correct the model files; what is wrong with them follows.",),
    )


def dropping(drops: tuple[str, ...]) -> Fault:
    """Say which tables and columns the new revision would drop."""
    return Fault(
        f"The new revision would lose data: {', '.join(drops)}",
        (),
        "The database has them and no model declares them.",
        (
            "If a model is missing, bring it back.",
            "If they were renamed, make an empty revision (--empty) and rename them there.",
            "If they shall go: zenith-server db make --allow-drops",
        ),
    )
