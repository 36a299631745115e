"""The revision files of a project, read without running them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import cast

from zenith_server.database.migrations import sql_file
from zenith_server.database.migrations.sql_text import Unfinished
from zenith_server.errors import Fault, ProjectError, suggestion

FOLDER = "migrations"
_NAMES = ("revision", "down_revision", "reviewed", "replaces")


@dataclass(frozen=True, slots=True)
class Revision:
    """One file of a migrations folder.

    Args:
        id: the value of `revision` in the file.
        down: the revisions that it follows; several for a merge, none for the first.
        file: the file.
        message: the first line of its docstring, or its name.
        reviewed: why it is safe although the review would warn, if its author says so.
        replaces: the ids of the revisions that were squashed into it.
    """

    id: str
    down: tuple[str, ...]
    file: Path
    message: str
    reviewed: str = ""
    replaces: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its ending, such as `0002_add_tags`."""
        return self.file.stem

    @property
    def place(self) -> str:
        """Where it is, from the project's folder, such as `migrations/0002_add_tags.py`."""
        return place(self.file)


def place(file: Path) -> str:
    """Return how messages name a revision file: from the project's folder.

    Example:
        >>> place(Path("/srv/shop/migrations/analytics/0001_visits.py"))
        'migrations/analytics/0001_visits.py'
    """
    further = (file.parent.parent.name,) if file.parent.parent.name == FOLDER else ()
    return "/".join((*further, file.parent.name, file.name))


def read(folder: Path, dialect: str = "postgresql") -> tuple[Revision, ...]:
    """Return the revisions of a folder, each after those that it follows.

    Args:
        folder: the folder; need not exist.
        dialect: the database, whose rules the quotes in revisions in SQL follow.

    Raises:
        ProjectError: files that are no revisions, that share an id, that follow what is not
            there, or that follow each other in a circle; all of them are named.
    """
    files = sorted([*folder.glob("*.py"), *folder.glob("*.sql")]) if folder.is_dir() else []
    read_files = [
        _read_sql(file, dialect) if file.suffix == ".sql" else _read(file)
        for file in files
        if file.name != "__init__.py"
    ]
    revisions = [found for found in read_files if isinstance(found, Revision)]
    faults = [found for found in read_files if isinstance(found, Fault)]
    faults += _twice(revisions) + _astray(revisions, complete=not faults)
    if faults:
        raise ProjectError(*faults)
    return _in_order({revision.id: revision for revision in revisions})


def heads(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """Return the revisions that no other one follows; more than one is a fork."""
    known = tuple(revisions)
    followed = {down for revision in known for down in revision.down}
    return tuple(revision for revision in known if revision.id not in followed)


def ancestors(revisions: Iterable[Revision], ids: Iterable[str]) -> frozenset[str]:
    """Return these ids and those of all revisions that they follow, directly or not."""
    known = {revision.id: revision for revision in revisions}
    found: set[str] = set()
    waiting = list(ids)
    while waiting:
        current = waiting.pop()
        if current in known and current not in found:
            found.add(current)
            waiting.extend(known[current].down)
    return frozenset(found)


def next_number(revisions: Iterable[Revision]) -> str:
    """Return the number of the revision that comes next, such as `0003`."""
    numbers = [int(revision.id) for revision in revisions if revision.id.isdigit()]
    return f"{max(numbers, default=0) + 1:04}"


def _read(file: Path) -> Revision | Fault:
    try:
        module = ast.parse(file.read_text(encoding="utf-8"))
        values = _assigned(module)
        return Revision(
            id=_text(values["revision"]),
            down=_downs(values["down_revision"]),
            file=file,
            message=(ast.get_docstring(module) or file.stem).splitlines()[0].rstrip("."),
            reviewed=_text(values.get("reviewed", "")).strip(),
            replaces=_downs(values.get("replaces")),
        )
    except (SyntaxError, UnicodeDecodeError) as error:
        return _unreadable(file, error)
    except (KeyError, TypeError, ValueError):
        return Fault(
            "A file in the migrations folder is not a revision",
            (place(file),),
            "A revision assigns texts to `revision` and `down_revision`; the first has None there. "
            "If it has `reviewed`, that is a text.",
            ("Correct these lines, or move the file to another folder.",),
        )


def _read_sql(file: Path, dialect: str) -> Revision | Fault:
    try:
        parsed = sql_file.parse(file.read_text(encoding="utf-8"), dialect)
    except UnicodeDecodeError as error:
        return _unreadable(file, error)
    except Unfinished as error:
        fix = "End it; up to there nothing of the file can be told apart."
        return Fault(f"{error.what} does not end", (f"{place(file)}:{error.line}",), fixes=(fix,))
    except sql_file.Faulty as error:
        return Fault(error.what, (f"{place(file)}:{error.line}",), fixes=(error.fix,))
    return Revision(
        id=parsed.values["revision"],
        down=_downs(parsed.down),
        file=file,
        message=parsed.message or file.stem,
        reviewed=parsed.values.get("reviewed", ""),
    )


def _assigned(module: ast.Module) -> Mapping[str, object]:
    values: dict[str, object] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
            case _:
                continue
    return {
        name: ast.literal_eval(value)
        for name, value in values.items()
        if name in _NAMES and isinstance(value, ast.expr)
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _downs(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, tuple):
        raise TypeError
    return tuple(_text(item) for item in cast("tuple[object, ...]", value))


def _unreadable(file: Path, error: SyntaxError | UnicodeDecodeError) -> Fault:
    line = error.lineno if isinstance(error, SyntaxError) and error.lineno else 1
    reason = error.msg if isinstance(error, SyntaxError) else error.reason
    return Fault("A revision cannot be read", (f"{place(file)}:{line}",), f"{reason}.")


def _twice(revisions: Iterable[Revision]) -> list[Fault]:
    files: dict[str, list[Revision]] = defaultdict(list)
    for revision in revisions:
        files[revision.id].append(revision)
    return [_same_id(key, same) for key, same in files.items() if len(same) > 1]


def _same_id(key: str, same: list[Revision]) -> Fault:
    return Fault(
        f'Revision "{key}" exists {len(same)} times',
        tuple(revision.place for revision in same),
        "Each revision has an id of its own; this happens when two branches each add the next one.",
        (f'Give one of them the next free number, and let it follow: down_revision = "{key}".',),
    )


def _astray(revisions: list[Revision], *, complete: bool) -> list[Fault]:
    known = [revision.id for revision in revisions]
    return [
        Fault(
            f'A revision follows "{down}", which does not exist.{suggestion(down, known)}'.rstrip(
                "."
            ),
            (revision.place,),
            fixes=("Correct down_revision, or bring the missing file back.",),
        )
        for revision in revisions
        for down in revision.down
        if complete and down not in known
    ]


def _in_order(revisions: Mapping[str, Revision]) -> tuple[Revision, ...]:
    try:
        order = TopologicalSorter(
            {key: revisions[key].down for key in sorted(revisions)}
        ).static_order()
        return tuple(revisions[key] for key in order)
    except CycleError as error:
        circle = tuple(revisions[key].place for key in dict.fromkeys(error.args[1]))
        raise ProjectError(
            Fault("Revisions follow each other in a circle", circle, fixes=("Correct one.",))
        ) from None
