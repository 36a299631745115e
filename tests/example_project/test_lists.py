"""Lists of articles: filters, pages, feeds, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.example_project.conftest import Client


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Return a list that grows with every statement sent to any database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


async def test_the_newest_article_comes_first(ann: Client, anybody: Client) -> None:
    for title in ("One", "Two", "Three"):
        await ann.publish(title)
    assert await anybody.titles() == ["Three", "Two", "One"]


async def test_lists_leave_the_text_out(ann: Client) -> None:
    article = await ann.publish("One", tagList=["a"])
    del article["body"]
    assert (await ann.get("/articles")) == {"articles": [article], "articlesCount": 1}


async def test_filters_choose_and_combine(ann: Client, bob: Client, anybody: Client) -> None:
    await ann.publish("One", tagList=["a"])
    await ann.publish("Two", tagList=["a", "b"])
    await bob.publish("Three", tagList=["b"])
    await bob.post("/articles/two/favorite")
    assert await anybody.titles(tag="a") == ["Two", "One"]
    assert await anybody.titles(author="bob") == ["Three"]
    assert await anybody.titles(favorited="bob") == ["Two"]
    assert await anybody.titles(tag="b", author="ann") == ["Two"]
    assert await anybody.titles(tag="", author="ann") == ["Two", "One"]
    assert await anybody.titles(author="nobody") == []


async def test_pages_count_all_and_show_some(ann: Client, anybody: Client) -> None:
    for number in range(5):
        await ann.publish(f"Number {number}", tagList=["a", "b"])
    page = await anybody.get("/articles", limit=2, offset=1)
    assert page["articlesCount"] == 5
    assert [article["slug"] for article in page["articles"]] == ["number-3", "number-2"]
    assert (await anybody.get("/articles", offset=9)) == {"articles": [], "articlesCount": 5}


async def test_a_page_has_twenty_articles(ann: Client, anybody: Client) -> None:
    for number in range(21):
        await ann.publish(f"Number {number}")
    assert len((await anybody.get("/articles"))["articles"]) == 20


async def test_a_feed_has_what_those_write_whom_one_follows(
    ann: Client, bob: Client, anybody: Client
) -> None:
    for title in ("One", "Two"):
        await ann.publish(title)
    await bob.publish("Three")
    assert (await bob.get("/articles/feed")) == {"articles": [], "articlesCount": 0}
    await bob.post("/profiles/ann/follow")
    feed = await bob.get("/articles/feed", limit=1)
    assert [article["title"] for article in feed["articles"]] == ["Two"]
    assert feed["articles"][0]["author"]["following"] is True
    assert feed["articlesCount"] == 2
    assert await ann.titles("/articles/feed") == []


NO_PAGES = (
    "limit=0",
    "limit=101",
    "limit=many",
    "limit=" + "9" * 5000,
    "offset=-1",
    "offset=" + "9" * 30,
    "offset=1.5",
    "limit=1&limit=2",
)


async def test_a_page_that_cannot_be_is_refused(ann: Client) -> None:
    for query in NO_PAGES:
        for url in ("/articles", "/articles/feed"):
            answer = await ann.send("GET", f"{url}?{query}")
            assert answer.status == 422, query
            assert len(answer.json()["errors"]["body"]) == 1
    assert (await ann.send("GET", "/articles?tag=a&tag=b")).status == 422


async def test_a_longer_list_takes_no_more_statements(
    ann: Client, bob: Client, statements: list[str]
) -> None:
    await bob.post("/profiles/ann/follow")
    costs: list[int] = []
    for number in range(6):
        slug = (await ann.publish(f"Number {number}", tagList=["a", "b"]))["slug"]
        await bob.post(f"/articles/{slug}/favorite")
        statements.clear()
        for url in ("/articles", "/articles/feed"):
            await bob.get(url)
        costs.append(len(statements))
    assert len(set(costs)) == 1, costs
