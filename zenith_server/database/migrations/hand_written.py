"""What revisions do besides what the models say: it cannot be made from these again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.operations import ops
from sqlalchemy import CheckConstraint, Dialect, MetaData, TextClause

from zenith_server.database.migrations.enums import names as names_of_enums
from zenith_server.database.migrations.recording import Step, record
from zenith_server.database.migrations.revisions import Revision

_ENUM = re.compile(
    r"\s*(?:CREATE|ALTER)\s+TYPE\s+(?:\S+\.)?\"?(\w+)\"?\s+(?:AS\s+ENUM|ADD\s+VALUE)\b",
    re.IGNORECASE,
)
_VALIDATION = re.compile(
    r"\s*ALTER\s+TABLE\s.*\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE | re.DOTALL
)
_LENGTH = 100


@dataclass(frozen=True, slots=True)
class HandWritten:
    """What a revision does besides what the models say.

    Args:
        place: its file and line.
        told: what it is, for people.
        statement: the same as SQL; nothing where only Python knows.
        in_transaction: whether it is outside of autocommit blocks.
    """

    place: str
    told: str
    statement: str | None
    in_transaction: bool = True


def hand_written(
    revisions: Iterable[Revision],
    modules: Mapping[str, Any],
    metadata: Sequence[MetaData],
    dialect: Dialect,
) -> tuple[HandWritten, ...]:
    """Return what these revisions do besides what the models say, in their order.

    Their `upgrade()` is run where nothing is executed.

    Args:
        revisions: the revisions, oldest first.
        modules: their modules, by their ids.
        metadata: the tables that the models declare.
        dialect: the database that they are run for.
    """
    said = _Said.of(metadata, dialect)
    found = (_of_revision(each, modules[each.id], said) for each in revisions)
    return tuple(each for steps in found for each in steps)


def _of_revision(revision: Revision, module: Any, said: _Said) -> Iterator[HandWritten]:
    recording = record(module.upgrade, str(revision.file), said.dialect.name)
    for step in recording.steps:
        place = f"{revision.place}:{step.line}" if step.line else revision.place
        for told, statement in said.besides(step):
            yield HandWritten(place, told, statement, step.in_transaction)
    if recording.error:
        yield HandWritten(revision.place, recording.error, None)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the models say, and a comparison of models and database finds."""

    dialect: Dialect
    enums: Collection[str]
    checks: Collection[tuple[str, str]]

    @staticmethod
    def of(metadata: Sequence[MetaData], dialect: Dialect) -> _Said:
        tables = [table for each in metadata for table in each.tables.values()]
        checks = {key for table in tables for key in _checks(table.name, table.constraints)}
        return _Said(dialect, names_of_enums(metadata), checks)

    def besides(self, step: Step) -> Iterator[tuple[str, str | None]]:
        """Give what a step does beyond that: told for people, and as SQL where that is known."""
        match step.operation:
            case "":
                return  # the error that it stands for is told by itself
            case str(text):
                enum = _ENUM.match(text)
                if not (_VALIDATION.match(text) or (enum and enum[1] in self.enums)):
                    yield _short(text), self._statement(step.source)
            case ops.BulkInsertOp(table=table, rows=rows):
                for row in rows:
                    text = self._statement(table.insert().values(row))
                    yield _short(text or f"rows of {table.name}"), text
            case ops.CreateTableOp(table_name=name, columns=items):
                yield from self._unsaid(name, items)
            case ops.CreateCheckConstraintOp(table_name=name) as check:
                yield from self._unsaid(name, [check.to_constraint()])
            case _:
                return

    def _unsaid(self, table: str, items: Collection[Any]) -> Iterator[tuple[str, str | None]]:
        """Alembic compares no checks: one that no model has would vanish."""
        for item in items:
            keys = _checks(table, [item])
            if keys and not keys & set(self.checks):
                yield f"CHECK ({item.sqltext}) of {table}, which no model declares", None

    def _statement(self, source: Any) -> str | None:
        """Return a statement as it was written, or with its values; nothing if it has none."""
        if source is None or isinstance(source, str):
            return source
        if isinstance(source, TextClause) and not source.compile().params:
            return source.text
        try:
            values = {"literal_binds": True}
            text = str(source.compile(dialect=self.dialect, compile_kwargs=values))
        except Exception:  # noqa: BLE001 - values of any type, of which some have no spelling
            return None
        text = text.replace("%%", "%") if "format" in self.dialect.paramstyle else text
        return text.replace(":", "\\:")


def _checks(table: str, items: Collection[Any]) -> set[tuple[str, str]]:
    found = (item for item in items if isinstance(item, CheckConstraint))
    keys = [key for each in found for key in (each.name, each.sqltext) if key is not None]
    return {(table, str(key)) for key in keys}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"
