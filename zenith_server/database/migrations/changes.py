"""What operations and statements mean for a table that is in use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.operations import ops
from sqlalchemy import JSON, Computed, DefaultClause, Identity, String, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import to_instance

from zenith_server.database.migrations import statements
from zenith_server.database.migrations.statements import Kind

_TABLES: dict[type[ops.MigrateOperation], Kind] = {
    ops.CreateTableOp: "create table",
    ops.DropTableOp: "drop table",
    ops.RenameTableOp: "rename table",
}
_CONSTRAINTS: dict[type[ops.MigrateOperation], Kind] = {
    ops.CreateUniqueConstraintOp: "unique",
    ops.CreateForeignKeyOp: "foreign key",
    ops.CreateCheckConstraintOp: "check",
    ops.CreatePrimaryKeyOp: "primary key",
}
_HARMLESS = (
    ops.BulkInsertOp,
    ops.CreateTableCommentOp,
    ops.DropTableCommentOp,
)
_LOCKING = (ops.AlterTableOp, ops.AddConstraintOp, ops.DropConstraintOp)
# PostgreSQL keeps these once for all rows that exist; other functions give each row its own.
_STABLE = re.compile(
    r"\b(now|current_timestamp|current_date|localtimestamp)\b|^[^(]*$", re.IGNORECASE
)
_SHORT = 63  # characters of four bytes that MySQL counts in one byte


@dataclass(frozen=True, slots=True)
class Change:
    """One change that may matter.

    Args:
        kind: what it is.
        table: the table that is changed, with its schema if one was said.
        name: the column, the index, the constraint or the new name.
    """

    kind: Kind
    table: str
    name: str = ""


def changes(operation: ops.MigrateOperation | str, dialect: str) -> Iterator[Change]:
    """Return what an operation or a statement changes; nothing for what is harmless."""
    if isinstance(operation, str):
        for kind, table, name in statements.changes(operation):
            yield Change(kind, table, name)
    elif not isinstance(operation, _HARMLESS):
        yield from _of_operation(operation, dialect)


def locked(operation: ops.MigrateOperation | str) -> str:
    """Return the table that stays locked until the end of the transaction, if one does."""
    if isinstance(operation, str):
        return statements.locked(operation)
    if not isinstance(operation, _LOCKING):
        return ""
    place: Any = operation
    name = getattr(place, "table_name", "") or getattr(place, "source_table", "")
    return _with_schema(name, getattr(place, "schema", None))


def _of_operation(  # noqa: PLR0912 - one line for each kind of operation
    operation: Any, dialect: str
) -> Iterator[Change]:
    match operation:
        case ops.CreateTableOp() | ops.DropTableOp() | ops.RenameTableOp():
            yield Change(_TABLES[type(operation)], _table(operation), _new_name(operation))
        case ops.AddColumnOp():
            yield from _added(_table(operation), operation.column)
        case ops.DropColumnOp():
            yield Change("drop column", _table(operation), operation.column_name)
        case ops.AlterColumnOp():
            yield from _altered(operation, dialect)
        case ops.CreateIndexOp() | ops.DropIndexOp():
            yield from _indexed(operation)
        case ops.AddConstraintOp():
            yield from _constrained(operation)
        case ops.DropConstraintOp(constraint_type="primary", constraint_name=name):
            yield Change("drop primary key", _table(operation), str(name or ""))
        case ops.DropConstraintOp():
            return
        case _:
            yield Change("unknown", getattr(operation, "table_name", ""), type(operation).__name__)


def _new_name(operation: Any) -> str:
    return getattr(operation, "new_table_name", "")


def _added(table: str, column: Any) -> Iterator[Change]:
    default = column.server_default
    if not column.nullable and default is None and column.identity is None:
        yield Change("required column", table, column.name)
    if _is_json(column.type):
        yield Change("json", table, column.name)
    if isinstance(default, Computed | Identity) or not _is_stable(default):
        yield Change("filled column", table, column.name)
    if column.foreign_keys:
        yield Change("foreign key", table, column.name)
    if column.unique:
        yield Change("unique", table, column.name)
    elif column.index:
        yield Change("index", table, column.name)


def _is_json(kind: Any) -> bool:
    there = kind.dialect_impl(postgresql.dialect())
    return isinstance(there, JSON) and not isinstance(there, postgresql.JSONB)


def _is_stable(default: Any) -> bool:
    text = str(default.arg) if isinstance(default, DefaultClause) else ""
    return isinstance(getattr(default, "arg", ""), str) or bool(_STABLE.search(text))


def _altered(operation: ops.AlterColumnOp, dialect: str) -> Iterator[Change]:
    table, name = _table(operation), operation.column_name
    if operation.modify_name is not None:
        yield Change("rename column", table, name)
    if operation.modify_type is not None and not _is_wider(operation, dialect):
        yield Change("type", table, name)
    if operation.modify_nullable is False:
        yield Change("not null", table, name)


def _is_wider(operation: ops.AlterColumnOp, dialect: str) -> bool:
    """Tell whether only the longest text grows, which databases note without a look at rows."""
    old, new = to_instance(operation.existing_type), to_instance(operation.modify_type)
    if not isinstance(old, String) or not isinstance(new, String):
        return False
    before, after = _length(old), _length(new)
    is_same_size = (before <= _SHORT) == (after <= _SHORT) and isinstance(old, Text) == isinstance(
        new, Text
    )
    return before <= after and (dialect != "mysql" or is_same_size)


def _length(kind: String) -> float:
    return float("inf") if kind.length is None else kind.length


def _indexed(operation: Any) -> Iterator[Change]:
    if operation.kw.get("postgresql_concurrently"):
        yield Change("concurrent index", _table(operation), operation.index_name or "")
    elif isinstance(operation, ops.CreateIndexOp):
        yield Change("index", _table(operation), operation.index_name or "")


def _constrained(operation: Any) -> Iterator[Change]:
    of: type[Any] = operation.__class__
    kind: Kind = _CONSTRAINTS.get(of, "exclude")
    options = getattr(operation, "kw", {})
    if kind == "foreign key":
        table = _with_schema(operation.source_table, options.get("source_schema"))
    else:
        table = _table(operation)
    if options.get("postgresql_not_valid"):
        kind = "not valid"
    yield Change(kind, table, operation.constraint_name or "")


def _table(operation: Any) -> str:
    return _with_schema(operation.table_name, operation.schema)


def _with_schema(table: str, schema: str | None) -> str:
    return f"{schema}.{table}" if schema else table
