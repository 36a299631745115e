"""`db eject`: the project goes on with plain Alembic."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING

from zenith_server.database.databases import Databases
from zenith_server.draft import Draft
from zenith_server.errors import ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugins.migrations.owners import owner_of
from zenith_server.plugins.migrations.project import DEFAULT, load_models, opened

if TYPE_CHECKING:
    from zenith_server.database.migrations.eject import Ejection


async def eject(
    *,
    json: bool = False,
    database: str = DEFAULT,
    databases: Databases,
    manifest: Manifest,
) -> str:
    """Write alembic.ini and an env.py, for Alembic's own command.

    Args:
        json: Print JSON.
        database: Which of the project's databases.
        databases: The project's databases.
        manifest: The project's files.
    """
    from zenith_server.database.migrations.eject import eject as planned

    settings = databases.settings
    async with opened(databases, database) as revisions:
        faults = load_models(revisions, settings, manifest)
        if faults:
            raise ProjectError(*faults)
        models = [
            module
            for file, module in Draft(settings, manifest).modules("model")
            if owner_of(file.relative, settings.databases) == database
        ]
        found = planned(revisions, settings.root, models)
    found.write()
    if json:
        return json_text.dumps(_document(found, settings.root), indent=2)
    return "\n".join(_lines(found, settings.root))


def _lines(found: Ejection, root: Path) -> list[str]:
    ini = found.ini.name
    option = "" if ini == "alembic.ini" else f"-c {ini} "
    back = " and ".join([ini, f"{_folder(found, root)}/"])
    sql = "; move what is in _sql/ back in the place of the same in Python" if found.moved else ""
    return [
        *(f"wrote {_relative(file, root)}" for file in found.files),
        *(f"moved {_relative(a, root)} to {_relative(b, root)}" for a, b in found.moved.items()),
        f"From now on: {found.variable}=… alembic {option}upgrade head",
        (
            "zenith-server goes on to migrate at a start; to leave it to Alembic, set "
            "migrations.on_start to check."
        ),
        f"To go back: delete {back}{sql}.",
    ]


def _document(found: Ejection, root: Path) -> dict[str, object]:
    return {
        "wrote": [_relative(file, root) for file in found.files],
        "moved": {_relative(a, root): _relative(b, root) for a, b in found.moved.items()},
        "ini": found.ini.name,
        "variable": found.variable,
    }


def _folder(found: Ejection, root: Path) -> str:
    return next(_relative(file.parent, root) for file in found.files if file.name == "env.py")


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
