"""One engine per database and event loop, disposed on its own loop, and freed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from zenith_server.database import connections, pgbouncer, pool, sqlite
from zenith_server.database.drivers import CONNECT, refuse_unusable
from zenith_server.database.readonly import ReadOnlySession
from zenith_server.database.session import Mode, Session
from zenith_server.database.transactions import Block, Transaction
from zenith_server.database.url import DatabaseURL, normalise


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How many connections an engine holds, and how long one waits for a free one.

    Args:
        size: connections that stay open.
        overflow: connections beyond `size` that are opened under load and closed afterwards.
        timeout: seconds to wait for a free connection.
        recycle: seconds after which a connection is replaced when it is next used; -1 for never.
        echo: log each statement, with its values.
        pgbouncer: whether a PgBouncer in transaction mode stands before PostgreSQL: statements are
            prepared under names of their own and not kept.
        processes: how many processes have such a pool; the first connection asks the server how
            many it gives, and the pool keeps to its share. 0 asks nothing.
        watched: remember who has which connection and which line sends which statement.
    """

    size: int = 5
    overflow: int = 5
    timeout: float = 5.0
    recycle: int = 1800
    echo: bool = False
    pgbouncer: bool = False
    processes: int = 0
    watched: bool = False


class Database:
    """A database: opens nothing until it is used, then one engine per event loop.

    The engine of a loop is disposed on that loop: at the end of `lifespan()`, by `close()`, or,
    in a script without either, when `asyncio.run` shuts down the loop's asynchronous generators.

    Args:
        url: the database, normalised or as people write it; a relative SQLite path starts from
            the current directory then.
        options: the size of the pool.
        name: which of a project's databases it is.
        replicas: copies of it, which read-only sessions ask in turn.

    Raises:
        ProjectError: the URL cannot be used, or its driver is missing.

    Example:
        database = Database("postgresql://localhost/shop")

        async with database.transaction() as session:
            session.add(Article(title="New"))
    """

    def __init__(
        self,
        url: DatabaseURL | str,
        options: PoolOptions | None = None,
        *,
        name: str = "default",
        replicas: Iterable[Database] = (),
    ) -> None:
        self.name: str = name
        parsed = normalise(url, root=Path.cwd(), origin="Database") if isinstance(url, str) else url
        refuse_unusable(parsed)
        self.url: DatabaseURL = parsed
        self.replicas: tuple[Database, ...] = tuple(replicas)
        self._turns = cycle(self.replicas)
        self.options: PoolOptions = options or PoolOptions()
        self._open: dict[asyncio.AbstractEventLoop, _Opened] = {}
        self._bound: dict[asyncio.AbstractEventLoop, AsyncConnection] = {}
        self._lock: threading.Lock = threading.Lock()

    def engine(self) -> AsyncEngine:
        """Return the engine of the running event loop, made at its first use.

        Raises:
            RuntimeError: no event loop runs in this thread.
        """
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop) or self._open_on(loop)
        return opened.engine

    def reader(self) -> AsyncEngine:
        """Return the running loop's engine for transactions that hardly ever write.

        It shares the connections of `engine()`. On SQLite its transactions do not queue for the
        write lock at their beginning.
        """
        return self._engine("read")

    def bind(self, mode: Mode) -> AsyncEngine | AsyncConnection:
        """Return what a session works on: an engine, or the connection of `bound_to`.

        Args:
            mode: how its transactions are; see `Session`.
        """
        bound = self._bound.get(asyncio.get_running_loop()) if self._bound else None
        return bound or self._engine(mode)

    def reading(self) -> Database:
        """Return the database that the next read-only session asks: a replica, if there are."""
        return next(self._turns) if self.replicas and not self._bound else self

    def _engine(self, mode: Mode) -> AsyncEngine:
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop) or self._open_on(loop)
        engine = opened.modes.get(mode)
        if engine is None:
            engine = opened.modes[mode] = _in_mode(opened.engine, mode, self.url)
        return engine

    @contextmanager
    def bound_to(self, connection: AsyncConnection) -> Generator[None]:
        """Let all new sessions of the running event loop work on one connection."""
        loop = asyncio.get_running_loop()
        before = self._bound.get(loop)
        self._bound[loop] = connection
        try:
            yield
        finally:
            del self._bound[loop]
            if before is not None:
                self._bound[loop] = before

    @property
    def pools(self) -> list[pool.Pool]:
        """The pools of its engines, one for each event loop; SQLite in memory has none."""
        found = [opened.engine.pool for opened in list(self._open.values())]
        return [each for each in found if isinstance(each, pool.Pool)]

    @property
    def loops(self) -> int:
        """The number of event loops that have an engine of this database now."""
        return len(self._open)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[Database]:
        """Hold the running loop's engine; dispose it on leaving."""
        self.engine()
        try:
            yield self
        finally:
            await self.close()

    async def close(self) -> None:
        """Dispose the running loop's engine; using the database again makes a new one."""
        opened = self._open.get(asyncio.get_running_loop())
        if opened is not None:
            await opened.keeper.aclose()
        for replica in self.replicas:
            await replica.close()

    def session(self, mode: Mode = "write") -> Block:
        """Give a session; what is not committed by hand is rolled back on leaving.

        Args:
            mode: how its transactions are; see `Session`.
        """
        kind = ReadOnlySession if mode == "readonly" else Session
        return Block(kind(self, mode))

    def transaction(self) -> Transaction:
        """Give a session that is committed on leaving, or rolled back by any exception.

        Inside another transaction of this database it is that one's session, and a savepoint: an
        exception undoes the inner block alone, if it is caught outside of it.

        Example:
            async with database.transaction() as session:
                session.add(order)
                with suppress(IntegrityError):
                    async with database.transaction() as session:
                        session.add(coupon)
        """
        return Transaction(Session(self))

    def _open_on(self, loop: asyncio.AbstractEventLoop) -> _Opened:
        with self._lock:
            self._drop_closed_loops()
        engine = create_engine(self.url, self.options)
        keeper = _keep(engine, lambda: self._open.pop(loop, None))
        _start(keeper)
        opened = _Opened(engine, {"write": engine}, keeper, connections.track(engine))
        self._open[loop] = opened
        return opened

    def _drop_closed_loops(self) -> None:
        """Forget loops that were closed by hand; nothing can be awaited on them any more."""
        for loop in [loop for loop in list(self._open) if loop.is_closed()]:
            connections.terminate(self._open.pop(loop).connections)


@dataclass(frozen=True, slots=True)
class _Opened:
    engine: AsyncEngine
    modes: dict[Mode, AsyncEngine]
    keeper: AsyncGenerator[None]
    connections: connections.Tracked


async def _keep(engine: AsyncEngine, forget: Callable[[], object]) -> AsyncGenerator[None]:
    """Dispose the engine at the end; the end comes at the latest when the loop shuts down."""
    try:
        yield
    finally:
        forget()
        await engine.dispose()


def _start(keeper: AsyncGenerator[None]) -> None:
    """Run the generator to its `yield`, which awaits nothing; from then on its loop knows it."""
    try:
        keeper.__anext__().send(None)
    except StopIteration:
        return


def _in_mode(engine: AsyncEngine, mode: Mode, url: DatabaseURL) -> AsyncEngine:
    """Return the engine with transactions of one kind, on the same connections."""
    if url.backend == "sqlite":
        return sqlite.in_mode(engine, mode)
    if mode in ("read", "readonly"):
        return engine
    return engine.execution_options(isolation_level=mode.upper())


def create_engine(url: DatabaseURL, options: PoolOptions) -> AsyncEngine:
    """Return a new engine for the running loop, set up for its kind of database.

    Args:
        url: the database.
        options: the size of the pool.
    """
    # One connection alone keeps a database in memory alive; sessions take turns on it.
    size, overflow = (1, 0) if url.in_memory else (options.size, options.overflow)
    engine = create_async_engine(
        url.url,
        connect_args={
            **url.connect_args,
            **(pgbouncer.UNPREPARED if options.pgbouncer else {}),
            **({"async_creator_fn": CONNECT[url.backend]} if url.backend in CONNECT else {}),
        },
        echo=options.echo,
        # Values of rows are nobody's business in a log, unless somebody asked for them.
        hide_parameters=not options.echo,
        poolclass=pool.Pool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=options.timeout,
        pool_recycle=-1 if url.backend == "sqlite" else options.recycle,
    )
    if url.backend == "sqlite":
        sqlite.prepare(engine, url.file)
    else:
        connections.replace_closed(engine)
    if options.pgbouncer:
        pgbouncer.prepare(engine)
    if options.processes:
        pool.share(engine, url.backend, options.processes)
    if options.watched:
        pool.watch(engine)
    return engine
