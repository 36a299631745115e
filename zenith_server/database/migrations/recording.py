"""What a revision does, found out by running it where nothing is executed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Any

from alembic.operations import BatchOperations, Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a revision asks for.

    Args:
        operation: an operation of Alembic, or the text of a statement.
        line: where in the revision's file, if that is known.
        in_transaction: whether it is outside of autocommit blocks.
        source: the statement as it was given to `op.execute`; what Python says to a connection has
            none.
    """

    operation: ops.MigrateOperation | str
    line: int | None
    in_transaction: bool
    source: object = None


@dataclass(slots=True)
class Recording:
    """All that a revision asks for, in order; `error` tells what kept it from going on."""

    file: str
    dialect: str
    steps: list[Step] = field(default_factory=list[Step])
    error: str = ""
    in_transaction: bool = True

    def add(
        self,
        operation: ops.MigrateOperation | str,
        line: int | None = None,
        source: object = None,
    ) -> None:
        """Note what is asked for now, by the line that is running unless another is given."""
        frame = inspect.currentframe()
        while line is None and frame is not None:
            line = frame.f_lineno if frame.f_code.co_filename == self.file else None
            frame = frame.f_back
        self.steps.append(Step(operation, line, self.in_transaction, source))


def record(upgrade: Callable[[], object], file: str, dialect: str) -> Recording:
    """Run `upgrade()` of a revision, note what it asks for, and do none of it.

    Queries find no rows, so that a revision which copies data runs through. One that cannot go on
    without its database is noted as far as it came.

    Args:
        upgrade: the function.
        file: the file that it is defined in.
        dialect: the database that it is run for: postgresql, mysql or sqlite.
    """
    recording = Recording(file, dialect)
    context: Any = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True})
    context.autocommit_block = lambda: _autocommit(recording)
    with Operations.context(context) as operations:
        _take_over(operations, context, recording)
        try:
            upgrade()
        except Exception as error:  # noqa: BLE001 - whatever it is, the review tells it
            recording.error = f"{type(error).__name__}: {error}"
            recording.add("", _line(error.__traceback__, file))
    return recording


def _take_over(operations: Any, context: MigrationContext, recording: Recording) -> None:
    """Let these operations note instead of do; `alembic.op` reaches only this very object."""

    def execute(statement: Any, _: object) -> object:
        recording.add(_text(statement, context))
        return _Nothing(SimpleResultMetaData(["value"]), iter(()))

    def invoke(operation: Any) -> object:
        return _invoked(operation, context, recording)

    @contextmanager
    def batch(table_name: str, schema: str | None = None, **_: object) -> Generator[Any]:
        place: Any = SimpleNamespace(table_name=table_name, schema=schema)
        inner: Any = BatchOperations(context, impl=place)
        inner.invoke = invoke
        yield inner

    bind = _Bind(context.dialect, execute)
    operations.invoke = invoke
    operations.get_bind = lambda: bind
    operations.batch_alter_table = batch


def _invoked(operation: Any, context: MigrationContext, recording: Recording) -> object:
    if isinstance(operation, ops.ExecuteSQLOp):
        recording.add(_text(operation.sqltext, context), source=operation.sqltext)
        return None
    recording.add(operation)
    return operation.to_table(context) if isinstance(operation, ops.CreateTableOp) else None


def _text(statement: Any, context: MigrationContext) -> str:
    if isinstance(statement, str):
        return statement
    return str(statement.compile(dialect=context.dialect))


@contextmanager
def _autocommit(recording: Recording) -> Generator[None]:
    recording.in_transaction = False
    try:
        yield
    finally:
        recording.in_transaction = True


def _line(traceback: TracebackType | None, file: str) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


class _Nothing(IteratorResult[Any]):
    """A result without rows, that changed none: loops over batches end at once."""

    rowcount = 0


class _Bind(MockConnection):
    """What `op.get_bind()` gives: it takes statements in all the ways of a connection."""

    def exec_driver_sql(self, statement: str, parameters: object = None) -> Any:
        return self._execute_impl(text(statement.replace(":", "\\:")), parameters)

    def scalar(self, statement: Any, parameters: Any = None) -> Any:
        return self.execute(statement, parameters).scalar()

    def scalars(self, statement: Any, parameters: Any = None) -> Any:
        return self.execute(statement, parameters).scalars()
