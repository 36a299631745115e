"""Which rows of a model, in which order: read, counted, changed or deleted by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, Select, delete, exists, func, select, update
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.orm.strategy_options import _AbstractLoad  # pyright: ignore[reportPrivateUsage]

from zenith_server.database import columns, keyset
from zenith_server.database.current import current
from zenith_server.database.pages import Page, Slice
from zenith_server.database.session import Session
from zenith_server.problems import NotFound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selection(Generic[T]):
    """Rows that are not read yet; each method returns a new selection, or awaits the database.

    Example:
        >>> await Article.where(is_draft=False).order_by("-created_at").limit(10).all()
    """

    model: type[T]
    conditions: tuple[ColumnElement[bool], ...] = ()
    order: tuple[keyset.Key, ...] = ()
    options: tuple[ORMOption, ...] = ()
    most: int | None = None
    skipped: int = 0

    # --- which ---

    def where(self, *conditions: ColumnElement[bool], **equal: Any) -> Selection[T]:
        """Keep the rows for which everything holds.

        Args:
            conditions: SQLAlchemy expressions, such as `Article.stars > 3`.
            equal: columns by name with their value; a list means any of its values.

        Raises:
            UnknownColumn: a name is no column.
        """
        named = tuple(_equals(columns.column(self.model, k), v) for k, v in equal.items())
        return replace(self, conditions=(*self.conditions, *conditions, *named))

    def order_by(self, *names: str) -> Selection[T]:
        """Sort by columns, those with a leading minus from the last to the first."""
        keys = tuple(keyset.key(self.model, name) for name in names)
        return replace(self, order=(*self.order, *keys))

    def limit(self, number: int) -> Selection[T]:
        """Read no more than so many rows."""
        return replace(self, most=number)

    def offset(self, number: int) -> Selection[T]:
        """Skip so many rows first."""
        return replace(self, skipped=number)

    def include(self, *paths: str) -> Selection[T]:
        """Read related objects too, one statement each: `author`, `comments.author`."""
        loads = tuple(_load(self.model, path) for path in paths)
        return replace(self, options=(*self.options, *loads))

    # --- reading ---

    async def all(self) -> Sequence[T]:
        """Return the objects."""
        return (await self._session.scalars(self._statement())).all()

    async def first(self) -> T | None:
        """Return the first object, if there is one."""
        return (await self._session.scalars(self.limit(1)._statement())).first()

    async def first_or_404(self) -> T:
        """Return the first object.

        Raises:
            NotFound: there is none.
        """
        found = await self.first()
        if found is None:
            raise NotFound(f"No such {self.model.__name__}")
        return found

    async def count(self) -> int:
        """Return the number of rows."""
        rows = replace(self, options=(), order=())._statement().subquery()
        return await self._session.scalar(select(func.count()).select_from(rows)) or 0

    async def exists(self) -> bool:
        """Return whether there is a row."""
        found = exists(replace(self, options=(), order=())._statement())
        return bool(await self._session.scalar(select(found)))

    async def page(self, number: int = 1, size: int = 20) -> Page[T]:
        """Return one page, counted from 1, with the number of all rows.

        A far page reads and drops all rows before it; `slice` does not.
        """
        number, size = max(number, 1), max(size, 1)
        items = await self.offset((number - 1) * size).limit(size).all()
        return Page(items, number, size, await self.count())

    async def slice(self, after: str | None = None, size: int = 20) -> Slice[T]:
        """Return the rows behind a cursor, and the cursor of the last: keyset pagination.

        It costs the same anywhere in the table, and no row is missed or seen twice when others
        come and go meanwhile.

        Args:
            after: the cursor of the slice before, as a client sent it; nothing for the first.
            size: the number of rows.

        Raises:
            BadRequest: the cursor is none of this order.
            ValueError: the order has a column that may be NULL.
        """
        size = max(size, 1)
        order = keyset.complete(self.model, self.order)
        behind = () if after is None else (keyset.behind(order, after),)
        rows = replace(self, order=order, conditions=(*self.conditions, *behind), most=size + 1)
        items = await rows.all()
        next_one = keyset.cursor(order, items[size - 1]) if len(items) > size else None
        return Slice(items[:size], next_one)

    # --- changing ---

    async def update(self, **values: Any) -> int:
        """Set columns of all these rows by one statement; return how many there were.

        Raises:
            UnknownColumn: a name is no column.
        """
        columns.refuse_unknown(self.model, values, columns.names(self.model))
        return await self._changed(update(self.model).values(**values))

    async def delete(self) -> int:
        """Delete all these rows by one statement; return how many there were."""
        return await self._changed(delete(self.model))

    async def _changed(self, statement: Any) -> int:
        if self.most is not None or self.skipped:
            raise ValueError("A selection with limit or offset cannot be changed by one statement")
        result = await self._session.execute(statement.where(*self.conditions))
        return cast("CursorResult[Any]", result).rowcount

    @property
    def _session(self) -> Session:
        return current(getattr(self.model, "__database__", "default"), self.model.__name__)

    def _statement(self) -> Select[T]:
        statement = select(self.model).where(*self.conditions).options(*self.options)
        statement = statement.order_by(*(key.expression for key in self.order))
        limited = statement if self.most is None else statement.limit(self.most)
        return limited.offset(self.skipped) if self.skipped else limited


def _equals(attribute: Any, value: Any) -> ColumnElement[bool]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return attribute.in_(value)
    return attribute == value


def _load(model: type[Any], path: str) -> _AbstractLoad:
    first, *rest = path.split(".")
    attribute = columns.relation(model, first)
    load: _AbstractLoad = selectinload(attribute)
    for name in rest:
        attribute = columns.relation(attribute.property.mapper.class_, name)
        load = load.selectinload(attribute)
    return load
