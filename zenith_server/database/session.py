"""A session that costs almost nothing until its first use, and always returns its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    import asyncio

    from zenith_server.database.engines import Database

Mode = Literal["write", "read", "readonly", "read committed", "repeatable read", "serializable"]

# What `AsyncSession.__init__` sets, and all its methods go through.
_SET_BY_OPENING = frozenset({"sync_session", "_proxied", "_async_bind", "_async_binds"})


class Session(AsyncSession):
    """SQLAlchemy's `AsyncSession`, made up at its first use; unused, it costs two attributes.

    It takes a connection at its first statement, and objects keep their values after a commit.

    Args:
        database: where the statements go.
        mode: `write`, or `read` where rows hardly ever change, or an isolation level. `read`
            matters to SQLite alone: a transaction that reads and then writes is refused if another
            one wrote in between; those of `write` take turns.

    Example:
        async with database.session() as session:
            article = await session.get(Article, 1)
    """

    task: asyncio.Task[Any] | None = None
    """Whose transaction it is, if it is that of a block."""

    def __init__(self, database: Database, mode: Mode = "write") -> None:
        self.database = database
        self._mode: Mode = mode

    @property
    def sync_class(self) -> type[orm.Session]:
        """The class of the synchronous half."""
        return orm.Session

    @property
    def opened(self) -> bool:
        """Whether the session was used at all."""
        return "sync_session" in self.__dict__

    def __getattr__(self, name: str) -> Any:
        if name not in _SET_BY_OPENING or name in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        bind = self.database.bind(self._mode)
        # On a connection with a transaction, as in tests, ours is a savepoint of that one.
        super().__init__(
            bind,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
            sync_session_class=self.sync_class,
        )
        return self.__dict__[name]

    async def commit(self) -> None:
        """Commit what the session did; nothing to do for an unused one."""
        if self.opened:
            await super().commit()

    async def rollback(self) -> None:
        """Roll back what the session did; nothing to do for an unused one."""
        if self.opened:
            await super().rollback()

    async def close(self) -> None:
        """Give the connection back; nothing to do for an unused session."""
        if self.opened:
            await super().close()

    async def store(self) -> None:
        """Commit, and give the connection back whatever happens, cancellation included.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database refused, for example a deferred constraint;
                everything is rolled back then.
        """
        try:
            await self.commit()
        except BaseException:
            await self.undo()
            raise
        if self.opened:
            # The connection went back with the commit: there is nothing to wait for.
            self.sync_session.close()

    async def undo(self) -> None:
        """Undo what is not committed, and give the connection back, cancelled or not."""
        if self.opened:
            async with self:
                pass
