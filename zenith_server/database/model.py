"""An optional base for models, which use the request's session without being told."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, ClassVar, Self

from sqlalchemy import ColumnElement, MetaData
from sqlalchemy.orm import registry

from zenith_server.database import columns
from zenith_server.database.current import current
from zenith_server.database.selection import Selection
from zenith_server.problems import NotFound

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
}
"""Names of constraints, so that a migration can change what the database would name itself."""


class Model:
    """A base for declarative models (https://docs.sqlalchemy.org/en/21/orm/declarative_tables.html).

    Its methods use the session of the request, or the innermost one that `database.session()` or
    `database.transaction()` opened. They flush and never commit: the session does.

    Raises:
        UnknownColumn: a name is no column; the message lists the columns.
        NoSession: a method is used where no session is open.

    Example:
        class Article(Model):
            __tablename__ = "articles"
            id: Mapped[int] = mapped_column(primary_key=True)
            title: Mapped[str]

        article = await Article.create(title="New")
        newest = await Article.where(is_draft=False).order_by("-id").limit(10).all()
    """

    __abstract__ = True
    __database__: ClassVar[str] = "default"
    # What the database fills in is read back at once: reading it later would need an await.
    __mapper_args__: ClassVar[Any] = {"eager_defaults": True}
    registry: ClassVar[registry] = registry(metadata=MetaData(naming_convention=NAMES))
    metadata: ClassVar[MetaData] = registry.metadata
    _further: ClassVar[dict[str, MetaData]] = {}
    _modules: ClassVar[dict[str, ModuleType]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _forget_left_modules()
        Model._modules[cls.__module__] = sys.modules[cls.__module__]
        cls.metadata = _metadata_of(cls.__database__)
        Model.registry.map_declaratively(cls)

    def __init__(self, **values: Any) -> None:
        model = type(self)
        columns.refuse_unknown(model, values, columns.mapper_of(model).attrs.keys())
        for name, value in values.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        """Return the loaded columns; private ones stay private."""
        shown = ", ".join(f"{name}={value!r}" for name, value in columns.shown(self).items())
        return f"{type(self).__name__}({shown})"

    # --- one object ---

    @classmethod
    async def create(cls, **values: Any) -> Self:
        """Insert a row and return it."""
        created = cls(**values)
        session = _session(cls)
        session.add(created)
        await session.flush()
        return created

    @classmethod
    async def find(cls, key: Any) -> Self | None:
        """Return the object with this primary key, if there is one; several columns: a tuple."""
        return await _session(cls).get(cls, key)

    @classmethod
    async def find_or_404(cls, key: Any) -> Self:
        """Return the object with this primary key.

        Raises:
            NotFound: there is none.
        """
        found = await cls.find(key)
        if found is None:
            raise NotFound(f"No such {cls.__name__}")
        return found

    async def update(self, **values: Any) -> Self:
        """Set columns and write them."""
        columns.refuse_unknown(type(self), values, columns.mapper_of(type(self)).attrs.keys())
        for name, value in values.items():
            setattr(self, name, value)
        await _session(type(self)).flush()
        return self

    async def delete(self) -> None:
        """Delete the row."""
        session = _session(type(self))
        await session.delete(self)
        await session.flush()

    # --- several ---

    @classmethod
    def where(cls, *conditions: ColumnElement[bool], **equal: Any) -> Selection[Self]:
        """Return the rows for which everything holds; without arguments all of them."""
        return Selection(cls).where(*conditions, **equal)


def is_used_in(folder: str) -> bool:
    """Whether a module of a folder declares a model on `Model`."""
    _forget_left_modules()
    files = (getattr(module, "__file__", None) or "" for module in Model._modules.values())  # pyright: ignore[reportPrivateUsage]
    return any(file.startswith(folder) for file in files)


def _session(model: type[Model]) -> Any:
    return current(model.__database__, model.__name__)


def _metadata_of(database: str) -> MetaData:
    """The tables of one database; those of two may have the same name."""
    if database == "default":
        return Model.metadata
    return Model._further.setdefault(database, MetaData(naming_convention=NAMES))  # pyright: ignore[reportPrivateUsage]


def _forget_left_modules() -> None:
    """Begin anew when the project was left whose models these are, so that another may enter."""
    if any(sys.modules.get(name) is not module for name, module in Model._modules.items()):  # pyright: ignore[reportPrivateUsage]
        Model._modules = {}  # pyright: ignore[reportPrivateUsage]
        Model.registry = registry(metadata=MetaData(naming_convention=NAMES))
        Model.metadata = Model.registry.metadata
        Model._further = {}  # pyright: ignore[reportPrivateUsage]
