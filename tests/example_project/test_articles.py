"""Articles: writing, showing, liking."""

from __future__ import annotations

import asyncio
import re

from tests.example_project.conftest import Client

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_a_new_article_is_shown_whole(ann: Client, anybody: Client) -> None:
    article = await ann.publish("How to train", tagList=["training", "dragons", "dragons"])
    assert (await anybody.get("/articles/how-to-train"))["article"] == article
    created = article.pop("createdAt")
    assert STAMP.fullmatch(created)
    assert article.pop("updatedAt") == created
    assert article == {
        "slug": "how-to-train",
        "title": "How to train",
        "description": "About",
        "body": "Text",
        "tagList": ["dragons", "training"],
        "favorited": False,
        "favoritesCount": 0,
        "author": {"username": "ann", "bio": "", "image": "", "following": False},
    }


async def test_publishing_answers_201_and_deleting_204(ann: Client) -> None:
    given = {"article": {"title": "First", "description": "", "body": "x"}}
    assert (await ann.send("POST", "/articles", given)).status == 201
    deleted = await ann.send("DELETE", "/articles/first")
    assert (deleted.status, deleted.body) == (204, b"")
    assert (await ann.send("GET", "/articles/first")).status == 404


async def test_articles_of_one_title_have_slugs_of_their_own(ann: Client, bob: Client) -> None:
    slugs = [(await client.publish("Same title"))["slug"] for client in (ann, bob, ann)]
    assert slugs[0] == "same-title"
    assert all(slug.startswith("same-title-") for slug in slugs[1:])
    assert len(set(slugs)) == 3


async def test_articles_of_one_title_written_at_once_are_all_kept(ann: Client) -> None:
    made = await asyncio.gather(*(ann.publish("Same title", tagList=["a"]) for _ in range(4)))
    assert len({article["slug"] for article in made}) == 4
    assert (await ann.get("/articles", tag="a"))["articlesCount"] == 4


TITLES = {
    "Feed": "article-feed",
    "!?": "article",
    "Über Größe": "über-grösse",
    "Wie geht's / was ..": "wie-geht-s-was",
    "ß" * 200: "s" * 200,
}


async def test_every_title_has_a_slug_that_its_article_answers_to(ann: Client) -> None:
    for title, slug in TITLES.items():
        made = await ann.publish(title)
        assert made["slug"] == slug
        assert (await ann.get(f"/articles/{quoted(slug)}"))["article"]["title"] == title


def quoted(slug: str) -> str:
    return "".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in slug.encode())


async def test_authors_change_what_they_name(ann: Client) -> None:
    old = await ann.publish("First", tagList=["a"])
    new = (await ann.put("/articles/first", {"article": {"body": "Better"}}))["article"]
    assert new.pop("updatedAt") > old.pop("updatedAt")
    assert new == old | {"body": "Better"}


async def test_a_new_title_gives_a_new_slug(ann: Client, anybody: Client) -> None:
    await ann.publish("First")
    new = (await ann.put("/articles/first", {"article": {"title": "Second"}}))["article"]
    assert (new["slug"], new["title"]) == ("second", "Second")
    assert (await anybody.send("GET", "/articles/first")).status == 404


async def test_a_new_title_that_is_in_use_gets_a_suffix(ann: Client) -> None:
    for title in ("First", "Second"):
        await ann.publish(title)
    changes = {"article": {"title": "Second", "body": "Changed"}}
    new = (await ann.put("/articles/first", changes))["article"]
    assert re.fullmatch(r"second-[0-9a-f]{8}", new["slug"])
    assert (new["title"], new["body"]) == ("Second", "Changed")


async def test_the_same_title_keeps_its_slug(ann: Client) -> None:
    await ann.publish("Same")
    slug = (await ann.publish("Same"))["slug"]
    new = (await ann.put(f"/articles/{slug}", {"article": {"title": "Same"}}))["article"]
    assert new["slug"] == slug


async def test_only_its_author_changes_or_deletes_an_article(ann: Client, bob: Client) -> None:
    await ann.publish("First")
    change = await bob.send("PUT", "/articles/first", {"article": {"body": "Mine now"}})
    delete = await bob.send("DELETE", "/articles/first")
    assert (change.status, delete.status) == (403, 403)
    assert change.json() == {"errors": {"body": ["This is somebody else's article"]}}
    assert (await bob.get("/articles/first"))["article"]["body"] == "Text"


async def test_an_article_takes_all_that_hangs_on_it_along(ann: Client, bob: Client) -> None:
    await ann.publish("First", tagList=["a"])
    await bob.post("/articles/first/favorite")
    await bob.post("/articles/first/comments", {"comment": {"body": "Nice"}})
    await ann.delete("/articles/first")
    assert (await ann.get("/tags"))["tags"] == []
    assert await bob.titles(favorited="bob") == []


async def test_favourites_are_counted_and_marked_for_the_reader(
    ann: Client, bob: Client, anybody: Client
) -> None:
    await ann.publish("First")
    await ann.post("/articles/first/favorite")
    liked = (await bob.post("/articles/first/favorite"))["article"]
    assert (liked["favorited"], liked["favoritesCount"]) == (True, 2)
    other = (await anybody.get("/articles/first"))["article"]
    assert (other["favorited"], other["favoritesCount"]) == (False, 2)
    unliked = (await bob.delete("/articles/first/favorite"))["article"]
    assert (unliked["favorited"], unliked["favoritesCount"]) == (False, 1)


async def test_liking_twice_counts_once(ann: Client) -> None:
    await ann.publish("First")
    requests = (ann.send("POST", "/articles/first/favorite") for _ in range(4))
    assert {answer.status for answer in await asyncio.gather(*requests)} == {200}
    assert (await ann.get("/articles/first"))["article"]["favoritesCount"] == 1
    await ann.delete("/articles/first/favorite")
    assert (await ann.delete("/articles/first/favorite"))["article"]["favoritesCount"] == 0


async def test_no_article_of_that_slug_is_a_404(ann: Client) -> None:
    requests = (
        ("GET", "/articles/none", None),
        ("PUT", "/articles/none", {"article": {"body": "x"}}),
        ("DELETE", "/articles/none", None),
        ("POST", "/articles/none/favorite", None),
        ("DELETE", "/articles/none/favorite", None),
    )
    for method, url, body in requests:
        answer = await ann.send(method, url, body)
        assert answer.status == 404, (method, url)
        assert answer.json() == {"errors": {"body": ["There is nothing of this name"]}}


async def test_tags_are_listed_by_use(ann: Client, anybody: Client) -> None:
    await ann.publish("First", tagList=["rare", "common"])
    await ann.publish("Second", tagList=["common"])
    assert (await anybody.get("/tags")) == {"tags": ["common", "rare"]}
