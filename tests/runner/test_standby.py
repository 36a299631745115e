from __future__ import annotations

import httpx2
import pytest

from zenith_server.protocol import ASGIApp, Message
from zenith_server.runner.standby import broken, starting


async def answer(app: ASGIApp, path: str, accept: str = "*/*") -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers={"accept": accept})


async def talk(app: ASGIApp, kind: str, *messages: str) -> list[Message]:
    sent: list[Message] = []
    waiting = [{"type": message} for message in messages]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": kind}, receive, send)
    return sent


async def test_while_starting_the_server_is_alive_but_not_ready() -> None:
    assert (await answer(starting(), "/health/live")).status_code == 200
    for path in ("/health/ready", "/", "/articles"):
        other = await answer(starting(), path)
        assert (other.status_code, other.headers["retry-after"]) == (503, "1")
        assert other.headers["content-type"] == "application/problem+json"
        assert other.json()["status"] == 503


async def test_what_is_broken_is_told_to_programs_as_a_problem() -> None:
    told = await answer(broken("line 3 <is> wrong"), "/anything")
    assert (told.status_code, told.json()["detail"]) == (500, "line 3 <is> wrong")


async def test_what_is_broken_is_told_to_browsers_as_a_page() -> None:
    told = await answer(broken("line 3 <is> wrong"), "/", "text/html,application/xhtml+xml")
    assert (told.status_code, told.headers["cache-control"]) == (500, "no-store")
    assert "line 3 &lt;is&gt; wrong" in told.text


@pytest.mark.parametrize(("app", "code"), [(starting(), 1013), (broken("x"), 1011)])
async def test_websockets_are_refused(app: ASGIApp, code: int) -> None:
    assert await talk(app, "websocket") == [{"type": "websocket.close", "code": code}]


@pytest.mark.parametrize("app", [starting(), broken("x")])
async def test_the_lifespan_is_followed(app: ASGIApp) -> None:
    said = await talk(app, "lifespan", "lifespan.startup", "lifespan.shutdown")
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
