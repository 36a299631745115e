"""Whatever a client sends, the answer is a 4xx in RealWorld's form and nothing is stored."""

from __future__ import annotations

from typing import Any

from tests.example_project.conftest import PASSWORD, Client
from tests.example_project.test_users import rows
from tests.served import Answer
from zenith_server.database.engines import Database

USER = {"username": "new", "email": "new@example.com", "password": PASSWORD}
ARTICLE: dict[str, Any] = {"title": "T", "description": "D", "body": "B", "tagList": ["a"]}
MISSING = "this field is left out"


def without(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not MISSING}


NO_USERS: list[dict[str, Any]] = [
    {"username": MISSING},
    {"username": ""},
    {"username": None},
    {"username": 7},
    {"username": "a\0b"},
    {"username": "a/b"},
    {"username": ".."},
    {"username": "ann\n"},
    {"username": "x" * 65},
    {"email": MISSING},
    {"email": "no address"},
    {"email": "a@b\0.c"},
    {"email": "a@b@c"},
    {"email": "x" * 251 + "@b.c"},
    {"password": MISSING},
    {"password": "short"},
    {"password": "x" * 257},
    {"password": ["long", "enough"]},
    {"id": 7},
    {"password_hash": "x"},
]
NO_ARTICLES: list[dict[str, Any]] = [
    {"title": MISSING},
    {"title": ""},
    {"title": "x" * 100_000},
    {"title": "a\0b"},
    {"title": {"a": 1}},
    {"description": MISSING},
    {"description": "\0"},
    {"body": ""},
    {"body": "x" * 100_001},
    {"body": 10**400},
    {"tagList": "a"},
    {"tagList": [""]},
    {"tagList": [None]},
    {"tagList": ["x" * 51]},
    {"tagList": [f"{number}" for number in range(21)]},
    {"slug": "mine"},
    {"author": {"username": "bob"}},
    {"favoritesCount": 1000},
]
NO_CHANGES: list[tuple[str, Any]] = [
    ("/user", {"user": {"email": None}}),
    ("/user", {"user": {"bio": "\0"}}),
    ("/user", {"user": {"image": 1}}),
    ("/user", {"user": {"token": "x"}}),
    ("/user", {"user": None}),
    ("/user", {}),
    ("/user", []),
    ("/articles/first", {"article": {"title": None}}),
    ("/articles/first", {"article": {"slug": "mine"}}),
    ("/articles/first", {"article": {"body": "\0"}}),
    ("/articles/first", {"article": "text"}),
]
NO_BODIES: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 422),
    (b"{", "application/json", 400),
    (b'{"user": "\xff"}', "application/json", 400),
    (b'{"user": {"username": "\\ud800"}}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b"9" * 5000, "application/json", 422),
    (b'{"user": {}}', "text/plain", 415),
    (b"user=ann", "application/x-www-form-urlencoded", 415),
    (b'"' + b"x" * 2**20 + b'"', "application/json", 413),
]


def refused(answer: Answer, place: str) -> bool:
    """Tell whether an answer names one fault, there."""
    if answer.status != 422:
        return False
    faults: list[str] = answer.json()["errors"]["body"]
    return len(faults) == 1 and faults[0].startswith(place)


async def test_a_user_that_cannot_be_is_refused(anybody: Client, database: Database) -> None:
    for change in NO_USERS:
        answer = await anybody.send("POST", "/users", {"user": without(USER | change)})
        assert refused(answer, f"user.{next(iter(change))}: "), (change, answer)
    assert await rows(database, "users") == 0


async def test_an_article_that_cannot_be_is_refused(ann: Client, database: Database) -> None:
    for change in NO_ARTICLES:
        answer = await ann.send("POST", "/articles", {"article": without(ARTICLE | change)})
        assert refused(answer, f"article.{next(iter(change))}"), (change, answer)
    assert await rows(database, "articles") == 0


async def test_a_change_that_cannot_be_is_refused(ann: Client) -> None:
    await ann.publish("First")
    before = await ann.get("/articles/first"), (await ann.get("/user"))["user"] | {"token": ""}
    for url, body in NO_CHANGES:
        assert (await ann.send("PUT", url, body)).status == 422, body
    after = await ann.get("/articles/first"), (await ann.get("/user"))["user"] | {"token": ""}
    assert after == before


async def test_a_comment_that_cannot_be_is_refused(ann: Client) -> None:
    await ann.publish("First")
    for text in ("", "\0", "x" * 100_001, None, 7):
        given = {"comment": {"body": text}}
        assert (await ann.send("POST", "/articles/first/comments", given)).status == 422, text
    assert (await ann.get("/articles/first/comments"))["comments"] == []


async def test_every_fault_is_named_at_once(anybody: Client) -> None:
    answer = await anybody.send("POST", "/users", {"user": {"email": "x", "nick": "y"}})
    faults = [fault.partition(":")[0] for fault in answer.json()["errors"]["body"]]
    assert faults == ["user.username", "user.email", "user.password", "user.nick"]


async def test_a_body_that_cannot_be_read_is_refused(anybody: Client) -> None:
    for body, kind, status in NO_BODIES:
        answer = await anybody.app.post("/api/users", body, {"content-type": kind})
        assert answer.status == status, body[:40]
        assert answer.json()["errors"]["body"]


async def test_a_slug_that_cannot_be_is_the_clients_mistake(anybody: Client) -> None:
    for slug in ("%00", "%FF", "..%2f", "x" * 5000, "a%20b", "'; DROP TABLE users"):
        assert (await anybody.send("GET", f"/articles/{slug}")).status in {400, 404}, slug


async def test_a_title_is_text_and_never_sql(ann: Client) -> None:
    made = await ann.publish("Robert'); DROP TABLE articles;--", tagList=["';--", "%"])
    assert (await ann.get("/articles", tag="%25"))["articles"][0]["slug"] == made["slug"]
