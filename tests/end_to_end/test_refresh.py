"""A page in a real browser renews itself: when other code answers, when a template was saved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.browser import Page, browser
from tests.conftest import ZenithStarter
from tests.processes import Process

# A page that is about to be renewed has no body for a moment.
TEXT = "(document.body?.innerText ?? '')"
STYLED = "getComputedStyle(document.querySelector('h1')).color"
FILES = {
    "routes/index.py": """
        from pathlib import Path
        from starlette.responses import HTMLResponse

        WORD = "first"

        async def get():
            page = Path(__file__).parents[1] / "templates/page.html"
            return HTMLResponse(page.read_text().replace("WORD", WORD))
        """,
    "routes/static/[name].py": """
        from pathlib import Path
        from starlette.responses import FileResponse

        async def get(name: str):
            return FileResponse(Path(__file__).parents[2] / "static" / name)
        """,
    "routes/live.py": """
        import asyncio
        from starlette.responses import StreamingResponse
        from starlette.websockets import WebSocket

        async def _events():
            while True:
                yield "data: tick\\n\\n"
                await asyncio.sleep(0.05)

        async def get():
            return StreamingResponse(_events(), media_type="text/event-stream")

        async def websocket(socket: WebSocket):
            await socket.accept()
            await socket.receive_text()
        """,
    "templates/page.html": """
        <!doctype html>
        <link rel="stylesheet" href="/static/site.css">
        <h1>Hello WORD</h1>
        """,
    "static/site.css": "h1 { color: rgb(1, 2, 3) }",
}


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project(FILES)


@pytest.fixture
def server(folder: Path, zenith: ZenithStarter) -> Process:
    return zenith("dev", folder, env={"HOST": "127.0.0.1"})


@pytest.fixture
async def page(chromium: str, tmp_path: Path, server: Process) -> AsyncIterator[Page]:
    async with browser(chromium, tmp_path / "profile") as opened:
        await opened.open(server.url)
        await opened.wait_for(f"{TEXT} === 'Hello first'")
        while not opened.heard:  # noqa: ASYNC110 - it is a list
            # Until then it knows of no save.
            await asyncio.sleep(0.05)
        yield opened


def change(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def workers_started(server: Process) -> int:
    return server.output.count("reloaded in")


@pytest.mark.timeout(120)
async def test_a_page_renews_itself_when_other_code_answers(folder: Path, page: Page) -> None:
    for old, new in (("first", "second"), ("second", "third")):
        change(folder / "routes/index.py", f'"{old}"', f'"{new}"')
        await page.wait_for(f"{TEXT} === 'Hello {new}'")


@pytest.mark.timeout(120)
async def test_a_saved_template_renews_the_page_and_restarts_nothing(
    folder: Path, page: Page, server: Process
) -> None:
    change(folder / "templates/page.html", "Hello", "Welcome")
    await page.wait_for(f"{TEXT} === 'Welcome first'")
    server.wait_for("refreshed: templates/page.html")
    assert workers_started(server) == 0


@pytest.mark.timeout(120)
async def test_a_saved_style_is_put_in_its_place_without_loading_the_page(
    folder: Path, page: Page, server: Process
) -> None:
    await page.run("window.kept = true")
    change(folder / "static/site.css", "1, 2, 3", "4, 5, 6")
    await page.wait_for(f"{STYLED} === 'rgb(4, 5, 6)'")
    assert await page.run("window.kept") is True
    assert await page.run("document.querySelectorAll('link').length") == 1
    assert workers_started(server) == 0


@pytest.mark.timeout(120)
async def test_a_page_shows_broken_code_and_comes_back_with_the_next_save(
    folder: Path, page: Page
) -> None:
    change(folder / "routes/index.py", "async def get():", "async def get(:")
    await page.wait_for(f"{TEXT}.includes('SyntaxError')")
    assert await page.run("document.querySelector('.failing').innerText") == "async def get(:\n"
    change(folder / "routes/index.py", "async def get(:", "async def get():")
    await page.wait_for(f"{TEXT} === 'Hello first'")


@pytest.mark.timeout(120)
async def test_a_page_comes_back_when_the_server_does(
    folder: Path, page: Page, server: Process, zenith: ZenithStarter
) -> None:
    port = server.url.rpartition(":")[2]
    server.stop()
    change(folder / "routes/index.py", '"first"', '"second"')
    zenith("dev", folder, env={"HOST": "127.0.0.1", "PORT": port})
    await page.wait_for(f"{TEXT} === 'Hello second'")


def saved_until_served(folder: Path, server: Process, word: str) -> float:
    """Save a file and return how many seconds later the new code answers."""
    file = folder / "routes/index.py"
    lines = [
        f'WORD = "{word}"' if line[:4] == "WORD" else line for line in file.read_text().split("\n")
    ]
    file.write_text("\n".join(lines))
    saved = time.monotonic()
    while word not in httpx2.get(server.url).text:
        time.sleep(0.01)
    return time.monotonic() - saved


def test_open_channels_streams_and_sockets_do_not_hold_up_a_reload(
    folder: Path, server: Process
) -> None:
    address = server.url.replace("http", "ws")
    saved_until_served(folder, server, "warm")
    alone = saved_until_served(folder, server, "alone")
    with (
        connect(f"{address}/_zenith/refresh", origin=Origin(server.url)) as channel,
        connect(f"{address}/live"),
        httpx2.stream("GET", f"{server.url}/live") as stream,
    ):
        next(stream.iter_raw())
        assert "token" in str(channel.recv())
        crowded = saved_until_served(folder, server, "crowded")
    assert crowded < alone + 1.0
