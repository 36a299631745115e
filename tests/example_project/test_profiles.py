"""Profiles, and who follows whom."""

from __future__ import annotations

import asyncio

from tests.example_project.conftest import Client


async def test_a_profile_is_public(ann: Client, anybody: Client) -> None:
    expected = {"username": "ann", "bio": "", "image": "", "following": False}
    assert (await anybody.get("/profiles/ann"))["profile"] == expected


async def test_following_shows_to_the_follower_alone(ann: Client, bob: Client) -> None:
    assert (await bob.post("/profiles/ann/follow"))["profile"]["following"] is True
    assert (await bob.get("/profiles/ann"))["profile"]["following"] is True
    assert (await ann.get("/profiles/bob"))["profile"]["following"] is False


async def test_unfollowing_ends_it(ann: Client, bob: Client) -> None:
    await bob.post("/profiles/ann/follow")
    assert (await bob.delete("/profiles/ann/follow"))["profile"]["following"] is False
    assert (await bob.get("/profiles/ann"))["profile"]["following"] is False


async def test_following_twice_is_following(ann: Client, bob: Client) -> None:
    await bob.post("/profiles/ann/follow")
    assert (await bob.post("/profiles/ann/follow"))["profile"]["following"] is True
    await bob.delete("/profiles/ann/follow")
    assert (await bob.delete("/profiles/ann/follow"))["profile"]["following"] is False


async def test_following_twice_at_once_is_following(ann: Client, bob: Client) -> None:
    requests = (bob.send("POST", "/profiles/ann/follow") for _ in range(4))
    assert {answer.status for answer in await asyncio.gather(*requests)} == {200}
    assert (await bob.get("/profiles/ann"))["profile"]["following"] is True


async def test_nobody_of_that_name_is_a_404(ann: Client) -> None:
    for method, url in (("GET", ""), ("POST", "/follow"), ("DELETE", "/follow")):
        answer = await ann.send(method, f"/profiles/nobody{url}")
        assert answer.status == 404
        assert answer.json() == {"errors": {"body": ["There is nothing of this name"]}}
