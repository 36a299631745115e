"""Selections: what they read, count and change on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.database.shop import Author, Book, fill
from zenith_server import BadRequest, NotFound
from zenith_server.database.columns import UnknownColumn
from zenith_server.database.engines import Database


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    """Seven books: Part 0 (ids 1, 4, 7), Part 1 (2, 5), Part 2 (3, 6); a session is open."""
    kind = request.param
    file = f"sqlite:///{tmp_path}/shop.db"
    url = file if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")
    async with Database(url).lifespan() as database:
        await fill(database, books=7)
        async with database.session():
            yield


pytestmark = pytest.mark.usefixtures("books")


def ids(found: object) -> list[int]:
    assert isinstance(found, list)
    return [book.id for book in found]


async def test_conditions_all_hold() -> None:
    assert ids(await Book.where(Book.id > 1, title="Part 0").order_by("id").all()) == [4, 7]
    assert ids(await Book.where(title=["Part 1", "Part 2"], id=(2, 3, 4)).order_by("id").all()) == [
        2,
        3,
    ]
    assert await Book.where(stars=None).count() == 7


async def test_order_limit_and_offset() -> None:
    assert ids(await Book.where().order_by("-title", "id").limit(3).offset(1).all()) == [6, 2, 5]


async def test_first_and_whether_there_is_one() -> None:
    first = await Book.where(title="Part 1").order_by("-id").first()
    assert first is not None
    assert first.id == 5
    assert await Book.where(title="Part 9").first() is None
    assert (await Book.where(title="Part 2").order_by("id").first_or_404()).id == 3
    with pytest.raises(NotFound, match="No such Book"):
        await Book.where(title="Part 9").first_or_404()
    assert await Book.where(title="Part 1").exists()
    assert not await Book.where(title="Part 9").exists()


async def test_count_keeps_to_the_limit() -> None:
    assert await Book.where().order_by("id").include("author").limit(4).count() == 4


async def test_related_objects_are_read_along() -> None:
    book = await Book.where().include("author.books").order_by("id").first()
    assert book is not None
    assert sorted(ids(book.author.books)) == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(UnknownColumn, match=r'no relationship "autor". Did you mean "author"'):
        Book.where().include("autor")
    with pytest.raises(UnknownColumn, match=r'no relationship "name". There is: books'):
        Book.where().include("author.name")


async def test_many_rows_change_by_one_statement() -> None:
    assert await Book.where(title="Part 0").update(title="Zero") == 3
    assert await Book.where(title="Zero").delete() == 3
    assert await Book.where().count() == 4
    with pytest.raises(UnknownColumn, match="titel"):
        await Book.where().update(titel="x")
    with pytest.raises(ValueError, match="limit"):
        await Book.where().limit(1).delete()


async def test_a_page_knows_all_rows() -> None:
    page = await Book.where().order_by("id").page(3, size=3)
    assert (ids(page.items), page.number, page.size, page.total) == ([7], 3, 3, 7)
    assert (await Book.where().page(-1, size=-1)).number == 1


@pytest.mark.parametrize("order", [("-title",), ("title", "-id"), ("-printed", "title"), ()])
async def test_slices_together_are_the_whole_list(order: tuple[str, ...]) -> None:
    rows = Book.where().order_by(*order)
    found: list[int] = []
    cursor: str | None = None
    for _ in range(4):
        piece = await rows.slice(cursor, size=2)
        found.extend(ids(piece.items))
        cursor = piece.next
    assert cursor is None
    last = "id" if not order or not order[-1].startswith("-") else "-id"
    assert found == ids(await rows.order_by(last).all())


async def test_a_cursor_of_somebody_elses_is_a_bad_request() -> None:
    for cursor in ("", "x", "W10", "é", "WyJhIiwiYiJd"):
        with pytest.raises(BadRequest, match="none of this list"):
            await Book.where().slice(cursor)


async def test_a_column_that_may_be_null_makes_no_slices() -> None:
    with pytest.raises(ValueError, match='cannot be sliced by "stars"'):
        await Book.where().order_by("stars").slice()


async def test_columns_of_others_are_unknown() -> None:
    with pytest.raises(UnknownColumn, match='Author has no column "title"'):
        Author.where().order_by("-title")
