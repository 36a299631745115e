"""Comments on articles."""

from __future__ import annotations

from typing import Any

from tests.example_project.conftest import Client
from tests.example_project.test_articles import STAMP


async def comment(client: Client, text: str, slug: str = "first") -> dict[str, Any]:
    given = {"comment": {"body": text}}
    return (await client.post(f"/articles/{slug}/comments", given))["comment"]


async def test_a_comment_has_its_author_and_moment(ann: Client, bob: Client) -> None:
    await ann.publish("First")
    made = await comment(bob, "Nice")
    assert STAMP.fullmatch(made["createdAt"])
    assert made["author"]["username"] == "bob"
    assert (await ann.get("/articles/first/comments"))["comments"] == [made]


async def test_the_newest_comment_comes_first(ann: Client, anybody: Client) -> None:
    await ann.publish("First")
    for text in ("one", "two"):
        await comment(ann, text)
    found = (await anybody.get("/articles/first/comments"))["comments"]
    assert [each["body"] for each in found] == ["two", "one"]


async def test_comments_belong_to_their_article(ann: Client, anybody: Client) -> None:
    for title in ("First", "Second"):
        await ann.publish(title)
    await comment(ann, "one", "first")
    assert (await anybody.get("/articles/second/comments"))["comments"] == []


async def test_a_reader_sees_which_commenters_they_follow(ann: Client, bob: Client) -> None:
    await ann.publish("First")
    await comment(ann, "mine")
    await bob.post("/profiles/ann/follow")
    await comment(bob, "yours")
    found = (await bob.get("/articles/first/comments"))["comments"]
    assert [each["author"]["following"] for each in found] == [False, True]


async def test_only_its_author_deletes_a_comment(ann: Client, bob: Client) -> None:
    await ann.publish("First")
    url = f"/articles/first/comments/{(await comment(bob, 'Nice'))['id']}"
    assert (await ann.send("DELETE", url)).status == 403
    assert (await bob.send("DELETE", url)).status == 204
    assert (await bob.get("/articles/first/comments"))["comments"] == []


async def test_a_comment_is_deleted_under_its_own_article_only(ann: Client) -> None:
    for title in ("First", "Second"):
        await ann.publish(title)
    made = await comment(ann, "Nice")
    assert (await ann.send("DELETE", f"/articles/second/comments/{made['id']}")).status == 404


async def test_no_comment_of_that_id_is_the_clients_mistake(ann: Client) -> None:
    await ann.publish("First")
    for number in ("7", "0", "-1", "first", "9" * 30, "1.5", "%00"):
        answer = await ann.send("DELETE", f"/articles/first/comments/{number}")
        assert answer.status in {400, 404}, number


async def test_comments_of_no_article_are_a_404(ann: Client) -> None:
    given = {"comment": {"body": "x"}}
    assert (await ann.send("GET", "/articles/none/comments")).status == 404
    assert (await ann.send("POST", "/articles/none/comments", given)).status == 404
