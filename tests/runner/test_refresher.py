"""Open pages are told which code serves, and what was saved; they hold nothing up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from zenith_server.protocol import Message, Receive, Scope, Send
from zenith_server.reply import reply
from zenith_server.runner.refresher import Refresher

HERE = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
CHANNEL: Scope = {"type": "websocket", "path": "/_zenith/refresh", "headers": HERE}


async def project(scope: Scope, receive: Receive, send: Send) -> None:
    await reply(200, [], scope["zenith.refresh"].encode())(scope, receive, send)


class OpenPage:
    """A page that is connected, as the server sees it."""

    def __init__(self, refresher: Refresher, **scope: Any) -> None:
        self.sent: list[Message] = []
        self.says: asyncio.Queue[Message] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})
        talking = refresher({**CHANNEL, **scope}, self.says.get, self._hear)
        self.talking = asyncio.ensure_future(talking)

    async def _hear(self, message: Message) -> None:
        self.sent.append(message)

    async def told(self) -> list[Any]:
        await asyncio.sleep(0.01)
        return [json.loads(m["text"]) for m in self.sent if m["type"] == "websocket.send"]


async def test_a_page_is_told_which_code_serves() -> None:
    page = OpenPage(Refresher(project, "a-1"))
    assert await page.told() == [{"token": "a-1"}]
    page.talking.cancel()


async def test_each_page_is_told_what_was_saved() -> None:
    refresher = Refresher(project, "a-1")
    pages = [OpenPage(refresher), OpenPage(refresher)]
    await asyncio.sleep(0.01)
    refresher.saved(["static/site.css"], "a-2")
    for page in pages:
        assert (await page.told())[1:] == [{"files": ["static/site.css"], "token": "a-2"}]
        page.talking.cancel()


async def test_at_its_end_it_lets_all_pages_go_at_once() -> None:
    refresher = Refresher(project, "a-1")
    page = OpenPage(refresher)
    await asyncio.sleep(0.01)
    refresher.close()
    await asyncio.wait_for(page.talking, 1)
    assert page.sent[-1] == {"type": "websocket.close", "code": 1012}


async def test_who_comes_after_its_end_is_sent_away() -> None:
    refresher = Refresher(project, "a-1")
    refresher.close()
    page = OpenPage(refresher)
    await asyncio.wait_for(page.talking, 1)
    assert [message["type"] for message in page.sent] == ["websocket.close"]


async def test_a_page_that_has_gone_is_forgotten() -> None:
    page = OpenPage(Refresher(project, "a-1"))
    await asyncio.sleep(0.01)
    page.says.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(page.talking, 1)
    assert page.sent[-1]["type"] == "websocket.send"


@pytest.mark.parametrize("origin", [(), [(b"origin", b"https://evil.example")]])
async def test_others_than_pages_of_this_server_are_told_nothing(origin: Any) -> None:
    page = OpenPage(Refresher(project, "a-1"), headers=[HERE[0], *origin])
    await asyncio.wait_for(page.talking, 1)
    assert page.sent == [{"type": "websocket.close", "code": 1008}]


async def answered(path: str) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "path": path, "headers": HERE}
    await Refresher(project, "a-1")(scope, asyncio.Queue[Message]().get, send)
    return sent


async def test_the_script_is_answered() -> None:
    start, body = await answered("/_zenith/refresh.js")
    assert dict(start["headers"])[b"content-type"] == b"text/javascript; charset=utf-8"
    assert b"WebSocket" in body["body"]


async def test_everything_else_is_the_project_s_and_knows_the_token() -> None:
    assert (await answered("/_zenith/refresh"))[1]["body"] == b"a-1"


async def test_a_page_that_missed_a_save_sees_it_by_the_token() -> None:
    refresher = Refresher(project, "a-1")
    refresher.saved(["templates/page.html"], "a-2")
    page = OpenPage(refresher)
    assert await page.told() == [{"token": "a-2"}]
    page.talking.cancel()
