"""Revisions in plain SQL: a header in comments, and a section for each direction."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import op
from sqlalchemy import text as clause

from zenith_server.database.migrations.sql_text import Piece, pieces

KEYS = ("revision", "down_revision", "reviewed", "transaction")
_KEY = re.compile(rf"({'|'.join(KEYS)})\s*:\s*(.*)", re.IGNORECASE)
_SECTION = re.compile(r"(upgrade|downgrade)\s*:?", re.IGNORECASE)
_OWN = re.compile(
    r"(?:begin|commit|rollback|start\s+transaction|end)\b(?!\s+atomic)", re.IGNORECASE
)


class Faulty(ValueError):
    """A file that is no revision: what is wrong, in which line, and what to do."""

    def __init__(self, what: str, line: int, fix: str) -> None:
        super().__init__(what)
        self.what, self.line, self.fix = what, line, fix


class NoWayBack(Exception):
    """A revision without a section for its downgrade is to be undone."""


@dataclass(slots=True)
class SqlFile:
    """What a revision in SQL says.

    Args:
        message: its first comment.
        values: the lines of its header.
        sections: the statements of each direction; one that is missing cannot be taken.
    """

    message: str = ""
    values: dict[str, str] = field(default_factory=dict[str, str])
    sections: dict[str, list[Piece]] = field(default_factory=dict[str, list[Piece]])

    @property
    def down(self) -> str | tuple[str, ...] | None:
        """The revisions that it follows, as Alembic has them."""
        ids = tuple(part.strip() for part in self.values["down_revision"].split(","))
        if "".join(ids).lower() in ("", "none"):
            return None
        return ids if len(ids) > 1 else "".join(ids)

    @property
    def in_transaction(self) -> bool:
        """Whether all of it happens or nothing does."""
        return self.values.get("transaction", "") != "none"


def parse(text: str, dialect: str) -> SqlFile:
    r"""Read a revision in SQL.

    Args:
        text: the file's content.
        dialect: its database: postgresql, mysql or sqlite.

    Raises:
        Faulty: it is none.
        Unfinished: a quote or a comment has no end.

    Example:
        >>> file = parse("-- revision: 0001\n-- down_revision: none\nDROP TABLE a", "sqlite")
        >>> file.sections["upgrade"][0].line
        3
    """
    found, section = SqlFile(), ""
    for piece in pieces(text, dialect):
        if piece.kind == "statement":
            section = section or "upgrade"
            found.sections.setdefault(section, []).append(_checked(piece))
        elif named := _SECTION.fullmatch(piece.text):
            section = named[1].lower()
            found.sections.setdefault(section, [])
        elif not section:
            _head(found, piece)
    _complete(found)
    return found


def _head(found: SqlFile, piece: Piece) -> None:
    if key := _KEY.fullmatch(piece.text):
        found.values[key[1].lower()] = key[2].strip()
    else:
        found.message = found.message or piece.text.rstrip(".")


def _checked(piece: Piece) -> Piece:
    word = piece.text.split(maxsplit=1)[0].lower()
    if _OWN.match(piece.text):
        raise Faulty(
            f"A revision in SQL has {word.upper()} of its own",
            piece.line,
            "Take it out: a revision is one transaction, or none with -- transaction: none",
        )
    if word == "delimiter" or word.startswith("\\"):
        raise Faulty(
            f"{word} is a command of a client and no SQL",
            piece.line,
            "Take it out; the body of a trigger or a procedure ends with its END.",
        )
    return piece


def _complete(found: SqlFile) -> None:
    missing = [key for key in KEYS[:2] if key not in found.values]
    if missing or not found.values["revision"]:
        said = " and ".join(missing or ["revision"])
        raise Faulty(
            f"A revision in SQL does not say its {said}",
            1,
            "Begin the file with the lines -- revision: 0002 and -- down_revision: 0001",
        )
    if found.values.get("transaction", "none") != "none":
        raise Faulty(
            f"-- transaction: {found.values['transaction']} means nothing",
            1,
            "Write -- transaction: none, or leave it out to have one.",
        )
    if "upgrade" not in found.sections:
        raise Faulty("A revision in SQL has no statements", 1, "Write them below -- upgrade")


def module(file: Path, dialect: str) -> ModuleType:
    """Return a revision in SQL as the module that Alembic expects.

    Its functions carry the lines of the file, so that failures and reviews name them.

    Args:
        file: the file; it has been read without faults.
        dialect: its database.
    """
    parsed = parse(file.read_text(encoding="utf-8"), dialect)
    made: Any = ModuleType(file.stem, parsed.message or file.stem)
    made.revision, made.down_revision = parsed.values["revision"], parsed.down
    for direction in ("upgrade", "downgrade"):
        made.__dict__[direction] = _function(file, direction, parsed)
    return made


def _function(file: Path, direction: str, parsed: SqlFile) -> Callable[[], None]:
    if direction not in parsed.sections:

        def refuse() -> None:
            raise NoWayBack(f"{file.name} has no section -- {direction}")

        return refuse
    run = _compiled(file, parsed.sections[direction])

    def apart() -> None:
        with op.get_context().autocommit_block():
            run()

    return run if parsed.in_transaction else apart


def _compiled(file: Path, statements: list[Piece]) -> Callable[[], None]:
    """Compile one call for each statement, in the line of the statement."""
    tree: Any = ast.parse("def run(): pass")
    for index, piece in enumerate(statements):
        call = ast.parse(f"execute({index})").body[0]
        tree.body[0].body.append(ast.increment_lineno(call, piece.line - 1))

    def execute(index: int) -> None:
        # Colons would be parameters otherwise, and casts are full of them.
        op.execute(clause(statements[index].text.replace(":", "\\:")))

    names: dict[str, Any] = {"execute": execute}
    exec(compile(tree, str(file), "exec"), names)  # noqa: S102 - our own calls, none of the text
    return names["run"]
