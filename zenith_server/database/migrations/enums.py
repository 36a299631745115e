"""PostgreSQL's enumeration types, which Alembic neither makes for a new column nor drops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column, Connection, Enum, MetaData, inspect

Place = tuple[str, str]


def render(item: Enum) -> str:
    """Return the code of an enumeration in a column, which then does not make its type."""
    prefix = "postgresql" if "postgresql" in type(item).__module__ else "sa"
    code = repr(item)
    made = "" if "create_type" in code or not item.native_enum else ", create_type=False"
    return f"{prefix}.{code.removesuffix(')')}{made})"


def creation(enums: Iterable[Enum]) -> str:
    """Return the statements that make these types where the database has such types."""
    return "".join(f"    {_plain(enum)}.create(op.get_bind(), checkfirst=True)\n" for enum in enums)


def removal(enums: Iterable[Enum]) -> str:
    """Return the statements that drop these types again."""
    return "".join(f"\n    {_plain(enum)}.drop(op.get_bind(), checkfirst=True)" for enum in enums)


def new(operations: Iterable[ops.MigrateOperation], metadata: Sequence[MetaData]) -> list[Enum]:
    """Return the types that these operations bring in, and no other column uses."""
    added = dict(_added(operations))
    others = {
        (table.name, column.name): column
        for each in metadata
        for table in each.tables.values()
        for column in table.columns
    }
    used = {enum.name for enum in _enums(others[place] for place in others.keys() - added.keys())}
    found = {enum.name: enum for enum in _enums(added.values())}
    return [found[name] for name in sorted(found.keys() - used, key=str)]


def names(metadata: Iterable[MetaData]) -> frozenset[str]:
    """Return the names of the types that the columns of these tables have."""
    columns = (c for each in metadata for table in each.tables.values() for c in table.columns)
    return frozenset(str(enum.name) for enum in _enums(columns))


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a model's enumeration has and its type in the database lacks.

    Args:
        type: the name of the type, with its schema if it has one.
        label: the value.
        place: where among the others it belongs, as the statement says it.
    """

    type: str
    label: str
    place: str

    @property
    def phrase(self) -> str:
        """What is done, for people."""
        return f"add value {self.type}.{self.label}"

    @property
    def statement(self) -> str:
        """The statement that adds it."""
        name = ".".join(f'"{part}"' for part in self.type.split("."))
        return f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {_quoted(self.label)} {self.place}"


def grown(connection: Connection, metadata: Sequence[MetaData]) -> list[Value]:
    """Return the values that types of a PostgreSQL database lack; elsewhere there are no types.

    A value that no model has any more stays: PostgreSQL cannot take one out, and rows may have it.
    """
    if connection.dialect.name != "postgresql":
        return []
    inspector: Any = inspect(connection)
    there = {(row["schema"], row["name"]): row["labels"] for row in inspector.get_enums("*")}
    columns = (c for each in metadata for table in each.tables.values() for c in table.columns)
    usual = inspector.default_schema_name
    used = {(_schema(enum) or usual, str(enum.name)): enum for enum in _enums(columns)}
    return [
        value
        for place, enum in used.items()
        if there.get(place)
        for value in _lacking(enum, there[place])
    ]


def _lacking(enum: Enum, labels: list[str]) -> Iterator[Value]:
    schema = _schema(enum)
    name = f"{schema}.{enum.name}" if schema else str(enum.name)
    place = f"BEFORE {_quoted(labels[0])}"
    for label in enum.enums:
        if label not in labels:
            yield Value(name, label, place)
        place = f"AFTER {_quoted(label)}"


def _schema(enum: Enum) -> str | None:
    typed: Any = enum
    return typed.schema


def growth(values: Iterable[Value]) -> str:
    """Return the statements that add these values, outside of the transaction: others use them."""
    lines = [f"        op.execute({each.statement!r})\n" for each in values]
    return "".join(["    with op.get_context().autocommit_block():\n", *lines]) if lines else ""


def _quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"


def _plain(enum: Enum) -> str:
    return f"sa.Enum({', '.join(map(repr, enum.enums))}, name={enum.name!r})"


def _added(operations: Iterable[ops.MigrateOperation]) -> Iterator[tuple[Place, Column[Any]]]:
    for operation in operations:
        if isinstance(operation, ops.CreateTableOp):
            for column in operation.columns:
                if isinstance(column, Column):
                    yield (operation.table_name, column.name), column
        elif isinstance(operation, ops.AddColumnOp):
            yield (operation.table_name, operation.column.name), operation.column


def _enums(columns: Iterable[Column[Any]]) -> Iterator[Enum]:
    for column in columns:
        kind = getattr(column.type, "impl", column.type)
        if isinstance(kind, Enum) and kind.native_enum and kind.name:
            yield kind
