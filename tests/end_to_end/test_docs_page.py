from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser import browser
from tests.conftest import ZenithStarter

FILES = {
    "routes/greetings/[name].py": '''
        """Words for people."""
        from msgspec import Struct

        class Greeting(Struct):
            text: str

        async def get(name: str, loud: bool = False) -> Greeting:
            """Greet somebody."""
            text = f"Hello {name}"
            return Greeting(text.upper() if loud else text)

        async def put(name: str, greeting: Greeting) -> Greeting:
            return greeting
        ''',
    "routes/uploads.py": '''
        from typing import Annotated
        from zenith_server import Header, UploadFile

        async def post(file: UploadFile, authorization: Annotated[str, Header] = "") -> int:
            """Take a file.

            It may be `large`, or

            | kind | size |
            |------|------|
            | huge | more |
            """
            return len(await file.read())
        ''',
}
OPERATION = "#operations-greetings-get_greeting"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("environment", ["development", "production"])
async def test_the_docs_page_lists_and_tries_operations_without_leaving_the_machine(
    project: Callable[[Mapping[str, str]], Path],
    zenith: ZenithStarter,
    chromium: str,
    tmp_path: Path,
    environment: str,
) -> None:
    env = {"HOST": "127.0.0.1", "ZENITH_DOCS__UI": "true", "WEB_CONCURRENCY": "1"}
    server = zenith(project(FILES), "--env", environment, env=env)
    async with browser(chromium, tmp_path / "profile") as page:
        await page.open(f"{server.url}/docs")
        await page.wait_for("document.querySelectorAll('.opblock').length === 3")
        await page.click(f"{OPERATION} button.opblock-summary-control")
        await page.type(f"{OPERATION} tr[data-param-name=name] input", "Ada")
        await page.click(f"{OPERATION} button.execute")
        answer = f"document.querySelector('{OPERATION} .live-responses-table')?.innerText"
        await page.wait_for(f"({answer} ?? '').includes('Hello Ada')")
        await page.click("#operations-uploads-post_uploads button.opblock-summary-control")
        await page.wait_for("document.querySelector('input[type=file]') !== null")
        await page.click("section.models button.models-control")
        await page.click(".auth-wrapper button.authorize")
        await page.wait_for("document.querySelector('.modal-ux') !== null")
        await page.click(".modal-ux button.close-modal")
        await page.screenshot(tmp_path / "docs.png")
        assert page.complaints == []
        hosts = {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")}
        assert hosts == {urlsplit(server.url).netloc}
        assert f"{server.url}/greetings/Ada" in {url.partition("?")[0] for url in page.requests}


@pytest.mark.timeout(180)
async def test_the_page_offers_each_version_of_the_api(
    project: Callable[[Mapping[str, str]], Path],
    zenith: ZenithStarter,
    chromium: str,
    tmp_path: Path,
) -> None:
    files = {
        "routes/v1/items.py": "async def get() -> int: ...",
        "routes/v2/more.py": "async def get() -> int: ...",
    }
    env = {"HOST": "127.0.0.1", "ZENITH_DOCS__UI": "true", "WEB_CONCURRENCY": "1"}
    server = zenith(project(files), "--env", "production", env=env)
    paths = "[...document.querySelectorAll('.opblock-summary-path')].map(e => e.dataset.path)"
    async with browser(chromium, tmp_path / "profile") as page:
        await page.open(f"{server.url}/docs")
        await page.wait_for("document.querySelectorAll('.opblock').length === 2")
        options = "[...document.querySelectorAll('#select option')].map(o => o.textContent)"
        assert await page.run(f"JSON.stringify({options})") == '["v2","v1","everything"]'
        assert await page.run(f"JSON.stringify({paths}.sort())") == '["/v2/items","/v2/more"]'
        await page.run(
            "const s = document.querySelector('#select'); s.selectedIndex = 1;"
            "s.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        await page.wait_for("document.querySelectorAll('.opblock').length === 1")
        assert await page.run(f"JSON.stringify({paths})") == '["/v1/items"]'
        hosts = {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")}
        assert hosts == {urlsplit(server.url).netloc}
