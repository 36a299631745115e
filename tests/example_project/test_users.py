"""Accounts: registration, login, and who is asking."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import jwt
from sqlalchemy import func, select, text

from tests.example_project.conftest import PASSWORD, Client, NewClient, signed
from tests.served import Served
from zenith_server.database.engines import Database


async def rows(database: Database, table: str) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(text(table))) or 0


def new(**changes: Any) -> dict[str, Any]:
    user = {"username": "ann", "email": "ann@example.com", "password": PASSWORD}
    return {"user": user | changes}


async def test_who_registers_is_logged_in(anybody: Client) -> None:
    answer = await anybody.send("POST", "/users", new())
    assert answer.status == 201
    user = answer.json()["user"]
    token = user.pop("token")
    assert user == {"username": "ann", "email": "ann@example.com", "bio": "", "image": ""}
    assert (await Client(anybody.app, "ann", token).get("/user"))["user"]["username"] == "ann"


async def test_the_password_is_stored_as_a_hash(anybody: Client, database: Database) -> None:
    await anybody.post("/users", new())
    async with database.session() as session:
        stored = await session.scalar(text("SELECT password_hash FROM users"))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


async def test_a_name_or_address_in_use_is_refused(
    ann: Client, anybody: Client, database: Database
) -> None:
    for other in ({"username": "eve"}, {"email": "eve@example.com"}):
        answer = await anybody.send("POST", "/users", new(**other))
        assert answer.status == 422
        assert answer.json() == {"errors": {"body": ["The username or email is taken"]}}
    assert await rows(database, "users") == 1


async def test_of_two_who_register_one_name_at_once_one_gets_it(
    anybody: Client, database: Database
) -> None:
    answers = await asyncio.gather(*(anybody.send("POST", "/users", new()) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 422, 422, 422]
    assert await rows(database, "users") == 1


async def test_login_takes_the_password(ann: Client, anybody: Client) -> None:
    given = {"user": {"email": "ann@example.com", "password": PASSWORD}}
    user = (await anybody.post("/users/login", given))["user"]
    assert (await Client(anybody.app, "ann", user["token"]).get("/user"))["user"] is not None


async def test_login_does_not_tell_which_part_is_wrong(ann: Client, anybody: Client) -> None:
    wrong = (("ann@example.com", "wrong horse"), ("nobody@example.com", PASSWORD))
    for email, password in wrong:
        given = {"user": {"email": email, "password": password}}
        answer = await anybody.send("POST", "/users/login", given)
        assert answer.status == 401
        assert answer.header("www-authenticate") == "Token"
        assert answer.json() == {"errors": {"body": ["The email or the password is wrong"]}}


async def test_users_change_what_they_name_and_nothing_else(ann: Client) -> None:
    user = (await ann.put("/user", {"user": {"bio": "Writes", "email": "a@b.c"}}))["user"]
    assert (user["bio"], user["email"], user["username"]) == ("Writes", "a@b.c", "ann")
    assert (await ann.get("/user"))["user"] | {"token": ""} == user | {"token": ""}


async def test_a_changed_password_counts_from_now_on(ann: Client, anybody: Client) -> None:
    await ann.put("/user", {"user": {"password": "battery staple"}})
    old = {"user": {"email": "ann@example.com", "password": PASSWORD}}
    assert (await anybody.send("POST", "/users/login", old)).status == 401
    await anybody.post("/users/login", {"user": old["user"] | {"password": "battery staple"}})


async def test_nobody_takes_the_name_of_another(ann: Client, bob: Client) -> None:
    answer = await bob.send("PUT", "/user", {"user": {"username": "ann"}})
    assert answer.status == 422
    assert (await bob.get("/user"))["user"]["username"] == "bob"


NEEDS_LOGIN: list[tuple[str, str, Any]] = [
    ("GET", "/user", None),
    ("PUT", "/user", {"user": {"bio": "x"}}),
    ("GET", "/articles/feed", None),
    ("POST", "/articles", {"article": {}}),
    ("PUT", "/articles/first", {"article": {"body": "x"}}),
    ("DELETE", "/articles/first", None),
    ("POST", "/articles/first/favorite", None),
    ("DELETE", "/articles/first/favorite", None),
    ("POST", "/articles/first/comments", {"comment": {"body": "x"}}),
    ("DELETE", "/articles/first/comments/1", None),
    ("POST", "/profiles/ann/follow", None),
    ("DELETE", "/profiles/ann/follow", None),
]


async def test_what_needs_a_login_says_so(ann: Client, anybody: Client) -> None:
    await ann.publish("First")
    for method, url, body in NEEDS_LOGIN:
        answer = await anybody.send(method, url, body)
        assert answer.status == 401, (method, url)
        assert answer.header("www-authenticate") == "Token"
        assert answer.json()["errors"]["body"] == ["Log in first"]


NOT_OURS = {
    "empty": "Token",
    "no token at all": "Token nonsense",
    "no JSON": "Token a.b.c",
    "no text": "Token \xe9\xff",
    "another scheme": f"Bearer {signed()}",
    "another key": f"Token {signed('another key of the same length..')}",
    "out of date": f"Token {signed(exp=datetime(2020, 1, 1, tzinfo=UTC))}",
    "valid for ever": f"Token {signed(exp=None)}",
    "nobody": f"Token {signed(sub=None)}",
    "a user that is gone": f"Token {signed(sub=str(2**31 - 1))}",
    "no number": f"Token {signed(sub='ann')}",
    "not signed": f"Token {jwt.encode({'sub': '1'}, cast('Any', None), 'none')}",
}


async def test_a_token_that_is_not_ours_is_refused_everywhere(ann: Client) -> None:
    for name, authorization in NOT_OURS.items():
        for url in ("/api/user", "/api/articles"):
            answer = await ann.app.request("GET", url, {"authorization": authorization})
            assert answer.status == 401, name
            assert answer.json()["errors"]["body"]


async def test_a_query_cannot_stand_in_for_the_login(join: NewClient, app: Served) -> None:
    await join("ann")
    assert (await app.get("/api/user?user=ann&user.id=1&reader=1")).status == 401
