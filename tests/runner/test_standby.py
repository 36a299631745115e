from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from zenith_server.environment import Environment
from zenith_server.errors import Fault
from zenith_server.protocol import ASGIApp, Message
from zenith_server.refresh import TOKEN
from zenith_server.runner.channel import Failed
from zenith_server.runner.standby import broken, starting
from zenith_server.settings import Server, Settings

WRONG = Failed("line 3 <is> wrong")
BROWSER = "text/html,application/xhtml+xml"
SETTINGS = Settings(Path(), Environment("development", ""), Server(reload=True))


async def answer(
    app: ASGIApp, path: str, accept: str = "*/*", client: str = "127.0.0.1"
) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, client=(client, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client_:
        return await client_.get(path, headers={"accept": accept})


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
    told = await answer(broken(WRONG, SETTINGS), "/anything")
    assert (told.status_code, told.json()["detail"]) == (500, "line 3 <is> wrong")


async def test_what_is_broken_is_told_as_text_to_who_asks_for_it() -> None:
    told = await answer(broken(WRONG, SETTINGS), "/", "text/plain")
    assert (told.status_code, told.text) == (500, "line 3 <is> wrong\n")


async def test_what_is_broken_is_told_to_browsers_as_a_page() -> None:
    told = await answer(broken(WRONG, SETTINGS), "/", BROWSER)
    assert (told.status_code, told.headers["cache-control"]) == (500, "no-store")
    assert "line 3 &lt;is&gt; wrong" in told.text
    assert "sha256-" in told.headers["content-security-policy"]


async def test_the_page_that_the_failing_process_wrote_is_the_page() -> None:
    told = await answer(broken(Failed("x", page="<h1>Its page</h1>"), SETTINGS), "/", BROWSER)
    assert told.text == "<h1>Its page</h1>"


async def test_faults_that_have_no_page_yet_get_one() -> None:
    failed = Failed("x", faults=(Fault("It is wrong", fixes=("Mend it.",)),))
    assert "<li>Mend it.</li>" in (await answer(broken(failed, SETTINGS), "/", BROWSER)).text


async def test_the_page_comes_with_the_script_that_renews_it() -> None:
    app = broken(Failed("x", page="<h1>Its page</h1>"), SETTINGS)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"accept", BROWSER.encode()), (b"host", b"localhost")]
    scope = {"type": "http", "headers": headers, "client": ("::1", 1), TOKEN: "7-1"}

    async def receive() -> Message:
        return {"type": "http.request"}

    await app(scope, receive, send)
    assert sent[1]["body"].endswith(b'<script src="/_zenith/refresh.js?7-1" defer></script>')


async def test_from_elsewhere_only_the_message_is_seen() -> None:
    app = broken(Failed("line 3 is wrong", page="<h1>All lines</h1>"), SETTINGS)
    told = await answer(app, "/", BROWSER, client="10.1.2.3")
    assert "line 3 is wrong" in told.text
    assert "All lines" not in told.text


@pytest.mark.parametrize(
    ("app", "code"), [(starting(), 1013), (broken(Failed("x"), SETTINGS), 1011)]
)
async def test_websockets_are_refused(app: ASGIApp, code: int) -> None:
    assert await talk(app, "websocket") == [{"type": "websocket.close", "code": code}]


@pytest.mark.parametrize("app", [starting(), broken(Failed("x"), SETTINGS)])
async def test_the_lifespan_is_followed(app: ASGIApp) -> None:
    said = await talk(app, "lifespan", "lifespan.startup", "lifespan.shutdown")
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
