"""Models for the tests of `Model` and of what it returns."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from zenith_server import Model, private
from zenith_server.database.engines import Database


class Author(Model):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    token: Mapped[str | None] = private(String(50))
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Model):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    printed: Mapped[dt.datetime] = mapped_column(default=dt.datetime.fromisoformat("2026-01-01"))
    stars: Mapped[int | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


async def fill(database: Database, books: int = 0) -> None:
    """Make the tables, an author and so many of her books."""
    async with database.engine().begin() as connection:
        await connection.run_sync(Author.metadata.create_all)
    async with database.transaction():
        author = await Author.create(name="Ada", token="hidden")
        for number in range(books):
            await Book.create(title=f"Part {number % 3}", author=author)
