"""PostgreSQL's enumeration types, which Alembic neither makes for a new column nor drops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column, Enum, MetaData

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
