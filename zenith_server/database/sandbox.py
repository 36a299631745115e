"""A transaction around everything that a database does, undone at the end: for tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from zenith_server.database.engines import Database
from zenith_server.database.session import Session


@asynccontextmanager
async def sandbox(database: Database) -> AsyncGenerator[Session]:
    """Give a session; undo on leaving what it and all others of the database did meanwhile.

    All sessions of the running event loop share one connection. Their transactions are savepoints
    of its only one, so what they commit is there for the next and gone at the end
    (https://docs.sqlalchemy.org/en/21/orm/session_transaction.html). They cannot work side by
    side: one connection runs one statement at a time.

    Args:
        database: the database; MySQL ends the transaction at CREATE, ALTER and DROP.

    Example:
        async with sandbox(database) as session:
            session.add(Article(title="New"))
            await session.commit()
    """
    async with database.engine().connect() as connection:
        transaction = await connection.begin()
        try:
            with database.bound_to(connection):
                async with database.session() as session:
                    yield session
        finally:
            await transaction.rollback()
