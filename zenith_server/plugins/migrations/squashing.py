"""`db squash`: one migration in place of all; shown first, done when it is asked for."""

from __future__ import annotations

import json as json_text
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zenith_server.database.databases import Databases
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.project import DEFAULT, load_models, opened

if TYPE_CHECKING:
    from zenith_server.database.migrations import Squash
    from zenith_server.database.migrations.hand_written import HandWritten


async def squash(
    message: str = "squashed",
    *,
    steps: Literal["ask", "keep", "drop"] = "ask",
    yes: bool = False,
    json: bool = False,
    database: str = DEFAULT,
    databases: Databases,
    manifest: Manifest,
) -> str:
    """Replace all migrations by one that makes what the models say.

    Args:
        message: What the new one is called.
        steps: What becomes of statements that the models do not say: keep or drop them.
        yes: Write and delete; without it, only say what would be.
        json: Print JSON.
        database: Which of the project's databases.
        databases: The project's databases.
        manifest: The project's files.
    """
    from zenith_server.database.migrations import squash as planned

    async with opened(databases, database) as revisions:
        broken = load_models(revisions, databases.settings, manifest)
        found = await planned(revisions, message, steps=steps, broken=broken)
        if found is not None and yes:
            _refuse_uncommitted(revisions.folder)
            found.write()
    if json:
        return json_text.dumps(_document(found, databases.settings.root, done=yes), indent=2)
    if found is None:
        return "Nothing to do: there are not two migrations."
    option = "" if database == DEFAULT else f" --database {database}"
    return "\n".join(_lines(found, databases.settings.root, option, done=yes))


def _lines(found: Squash, root: Path, option: str, *, done: bool) -> list[str]:
    wrote, deleted = ("wrote", "deleted") if done else ("would write", "would delete")
    last = found.replaced[-1].name
    again = f" --steps {'keep' if found.kept else 'drop'}" if found.kept or found.dropped else ""
    return [
        f"{wrote} {_relative(found.file, root)}",
        *(f"{deleted} {_relative(each.file, root)}" for each in found.replaced),
        *(f"  keeps {each.place}  {each.told}" for each in found.kept),
        *(f"  drops {each.place}  {each.told}" for each in found.dropped),
        f"Databases at {last} need nothing. Bring all others there before this is released: from",
        "where they stand there is no way on afterwards, and a start says so.",
        "Read it, and run it on an empty database: DATABASE_URL=… zenith-server db upgrade"
        if done
        else f"Nothing was changed. Do it: zenith-server db squash{again} --yes{option}",
    ]


def _document(found: Squash | None, root: Path, *, done: bool) -> dict[str, object]:
    if found is None:
        return {"done": False, "write": None, "delete": [], "keep": [], "drop": []}
    return {
        "done": done,
        "write": _relative(found.file, root),
        "delete": [_relative(each.file, root) for each in found.replaced],
        "keep": [_step(each) for each in found.kept],
        "drop": [_step(each) for each in found.dropped],
    }


def _step(each: HandWritten) -> dict[str, object]:
    return {"where": each.place, "what": each.told, "statement": each.statement}


def _refuse_uncommitted(folder: Path) -> None:
    """Refuse to delete what Git could not bring back; without Git nobody is asked."""
    git = shutil.which("git")
    if git is None:
        return
    command = [git, "-C", str(folder), "status", "--porcelain", "--", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own list
    changed = tuple(done.stdout.splitlines()) if done.returncode == 0 else ()
    if changed:
        raise ProjectError(
            Fault(
                "There are migrations that are not committed",
                tuple(line[3:] for line in changed),
                "They would be deleted, and Git could not bring them back.",
                ("Commit them first.",),
            )
        )


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
