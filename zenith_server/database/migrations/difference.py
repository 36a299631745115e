"""What the models say and the database does not have yet, as the code of a revision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Enum, MetaData
from sqlalchemy.sql import functions
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.types import TypeDecorator

from zenith_server.database.migrations import enums
from zenith_server.database.migrations.environment import VERSIONS

_VERBS: dict[type[ops.MigrateOperation], str] = {
    ops.CreateTableOp: "create table",
    ops.DropTableOp: "drop table",
    ops.AddColumnOp: "add column",
    ops.DropColumnOp: "drop column",
    ops.AlterColumnOp: "alter column",
    ops.CreateIndexOp: "create index",
    ops.DropIndexOp: "drop index",
    ops.AddConstraintOp: "add constraint",
    ops.DropConstraintOp: "drop constraint",
}
_DEFAULTS: dict[type[object], str] = {
    functions.now: "sa.func.now()",
    True_: "sa.true()",
    False_: "sa.false()",
}
_DROPS = (ops.DropTableOp, ops.DropColumnOp)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a revision would do.

    Args:
        changes: one phrase for each change, such as `add column users.email`.
        drops: those of them that lose data.
        imports: the lines that the code needs besides SQLAlchemy and Alembic.
        upgrade: the statements that make the change.
        downgrade: the statements that undo it.
    """

    changes: tuple[str, ...]
    drops: tuple[str, ...]
    imports: tuple[str, ...]
    upgrade: str
    downgrade: str


def difference(
    connection: Connection,
    metadata: Sequence[MetaData],
    versions: str = VERSIONS,
    *,
    is_empty: bool = False,
) -> Difference:
    """Compare the tables of these models with those of the database.

    Args:
        connection: the database.
        metadata: the tables that the models declare.
        versions: the table that keeps which revisions are applied.
        is_empty: take the database for one that has nothing.
    """
    imports: set[str] = set()
    dialect = connection.dialect.name
    options = {
        "compare_type": True,
        "compare_server_default": _compare_default if dialect == "mysql" else True,
        "target_metadata": list(metadata),
        "version_table": versions,
        "include_name": _is_no_table if is_empty else _is_compared,
    }
    context = MigrationContext.configure(connection, opts=options)
    script = produce_migrations(context, list(metadata))  # pyright: ignore[reportArgumentType]
    # Alembic indents all lines but the first.
    upgrade, downgrade = (
        "    "
        + render_python_code(
            each,
            render_as_batch=dialect == "sqlite",
            render_item=_renderer(imports),
            migration_context=context,
        )
        for each in (script.upgrade_ops, script.downgrade_ops)
        if each is not None
    )
    found = list(_leaves(script.upgrade_ops))
    types, values = enums.new(found, metadata), enums.grown(connection, metadata)
    if values and not found:
        upgrade = ""  # Alembic's word for nothing is a statement, too
    return Difference(
        changes=(*(each.phrase for each in values), *map(_phrase, found)),
        drops=tuple(_phrase(each) for each in found if isinstance(each, _DROPS)),
        imports=tuple(sorted(imports)),
        upgrade=enums.growth(values) + enums.creation(types) + upgrade,
        downgrade=downgrade + enums.removal(types),
    )


def _is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the tables that keep the revisions of other databases at this address."""
    return kind != "table" or not (name or "").startswith(f"{VERSIONS}_")


def _is_no_table(_name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table"


def _compare_default(
    _context: object,
    _inspected_column: object,
    _metadata_column: object,
    inspected: str | None,
    _metadata: object,
    rendered: str | None,
) -> bool | None:
    """Say that MySQL's spelling of a default is the same, or leave it to Alembic."""
    return False if _spelling(inspected) == _spelling(rendered) else None


def _spelling(default: str | None) -> str | None:
    if default is None:
        return None
    plain = default.lower().strip("()'").replace("current_timestamp", "now")
    return {"true": "1", "false": "0"}.get(plain, plain)


def _leaves(operations: Any) -> Iterator[ops.MigrateOperation]:
    for operation in operations.ops:
        if isinstance(operation, ops.OpContainer):
            yield from _leaves(operation)
        else:
            yield operation


def _phrase(operation: Any) -> str:
    kinds = (verb for kind, verb in _VERBS.items() if isinstance(operation, kind))
    return f"{next(kinds, type(operation).__name__)} {_subject(operation)}"


def _subject(operation: Any) -> str:
    table = operation.table_name
    column = getattr(operation, "column_name", None) or getattr(
        getattr(operation, "column", None), "name", None
    )
    if column:
        return f"{table}.{column}"
    name = next((getattr(operation, key, None) for key in ("index_name", "constraint_name")), None)
    return f"{name} on {table}" if name else table


def _renderer(imports: set[str]) -> Any:
    """Render a type of the project, and gather what the code has to import."""

    def render(kind: str, item: Any, context: Any) -> str | bool:
        context.imports = imports  # one set for both directions; Alembic adds to it as well
        if kind == "server_default":
            return _default(item)
        if kind == "type" and _is_named(item):
            return enums.render(item)
        if kind != "type" or _module(item).startswith("sqlalchemy."):
            return False
        plain = item.impl if TypeDecorator in type(item).__mro__ else None
        if _module(plain).startswith("sqlalchemy.sql."):
            # What the database sees; the model's class may go one day.
            return enums.render(plain) if isinstance(plain, Enum) else f"sa.{plain!r}"
        imports.add(f"import {_module(item)}")
        return False

    return render


def _is_named(item: object) -> bool:
    """Whether this is an enumeration; that of MySQL is a type of its column and has no name."""
    return isinstance(item, Enum) and "mysql" not in _module(item)


def _default(item: Any) -> str | bool:
    """Render what each database spells in its own way, so that a revision suits them all."""
    argument = getattr(item, "arg", None)
    return next((code for kind, code in _DEFAULTS.items() if isinstance(argument, kind)), False)


def _module(item: object) -> str:
    return type(item).__module__
