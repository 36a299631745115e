"""What fails in development is shown in a real browser; elsewhere nothing of it even exists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.browser import Page, browser
from tests.conftest import ZenithStarter
from tests.processes import Process

TEXT = "(document.body?.innerText ?? '')"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ENGINES = pytest.mark.parametrize("server", ["hypercorn", "granian"], indirect=True)
PASSWORD = "hush-hush-1"
FILES = {
    "routes/index.py": """
        import json

        async def get(it: str = "{"):
            url = "postgresql://shop:" + "-".join(["hush", "hush", "1"]) + "@db/shop"
            return json.loads(it)
        """,
    "routes/modules.py": """
        import sys

        async def get():
            return [name for name in sys.modules if "error_page" in name]
        """,
}
# What is hard to read, by the measure of WCAG 2.1, 1.4.3.
PALE = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (e) => {
    const both = [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05);
  };
  const said = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll("body *:not(script, style)")]
    .filter((e) => said(e) && ratio(e) < 4.5)
    .map((e) => `${e.className} ${e.textContent.slice(0, 20)} ${ratio(e).toFixed(1)}`);
})()"""


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project(FILES)


@pytest.fixture
def server(request: Any, folder: Path, zenith: ZenithStarter) -> Process:
    engine = getattr(request, "param", "auto")
    secret = f"postgresql://shop:{PASSWORD}@127.0.0.1:1/shop"
    names = {"HOST": "127.0.0.1", "ZENITH_SERVER__ENGINE": engine, "BROKER_URL": secret}
    return zenith("dev", folder, env=names)


@pytest.fixture
async def page(chromium: str, tmp_path: Path, server: Process) -> AsyncIterator[Page]:
    async with browser(chromium, tmp_path / "profile") as opened:
        await opened.open(f"{server.url}/?token=abcdef&it=%7B")
        await opened.wait_for(f"{TEXT}.includes('JSONDecodeError')")
        yield opened


async def looks(page: Page, scheme: str, width: int = 1280) -> None:
    await page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    await page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 500,
    )


@ENGINES
@pytest.mark.timeout(120)
async def test_a_browser_is_shown_the_lines_that_failed(page: Page, server: Process) -> None:
    failing = "document.querySelector('.frame.own .failing')"
    assert "return json.loads(it)" in await page.run(f"{failing}.textContent")
    assert await page.run(f"{failing}.dataset.line") == "5"
    assert await page.run(f"getComputedStyle({failing}).backgroundColor") == "rgb(253, 238, 236)"
    # Frames of libraries are folded, and open without a script.
    assert await page.run("document.querySelector('.libraries').open") is False
    await page.click(".libraries > summary")
    await page.click(".libraries .frame > summary")
    assert "scan_once" in await page.run("document.querySelector('.libraries .failing').innerText")


@pytest.mark.timeout(120)
async def test_the_page_asks_for_nothing_from_elsewhere_and_complains_of_nothing(
    page: Page, server: Process
) -> None:
    asked = [url for url in page.requests if not url.startswith("data:")]
    assert asked[1:], "the script that renews the page"
    assert {url for url in asked if not url.startswith(f"{server.url}/")} == set()
    # The answer itself is an error, and is told as one.
    assert [each for each in page.complaints if "status of 500" not in each] == []


@pytest.mark.timeout(120)
async def test_the_page_is_easy_to_read_in_light_and_dark_and_on_a_phone(page: Page) -> None:
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        await looks(page, scheme)
        await page.run("document.querySelectorAll('details').forEach((e) => (e.open = true))")
        assert await page.run(PALE) == []
        grounds.append(await page.run("getComputedStyle(document.body).backgroundColor"))
        await looks(page, scheme, width=390)
        assert await page.run("document.documentElement.scrollWidth") == 390
    assert len(set(grounds)) == 2


@pytest.mark.timeout(120)
async def test_the_page_can_be_copied_as_text(page: Page) -> None:
    await page.call("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    await page.call("Page.bringToFront")
    await page.click("#copy")
    await page.wait_for("document.getElementById('copy').textContent === 'Copied'")
    assert "routes/index.py:5 in get" in await page.run("navigator.clipboard.readText()")


@pytest.mark.timeout(120)
async def test_no_secret_is_in_what_the_browser_gets(page: Page, server: Process) -> None:
    whole = await page.run("document.documentElement.outerHTML")
    assert "token=***" in whole
    for secret in (PASSWORD, "abcdef"):
        assert secret not in whole


@ENGINES
@pytest.mark.timeout(120)
async def test_a_failed_import_is_a_page_with_lines_and_goes_with_the_next_save(
    page: Page, folder: Path, server: Process
) -> None:
    file, good = folder / "routes/index.py", (folder / "routes/index.py").read_text()
    file.write_text(good.replace("import json", "import jsno"))
    await page.wait_for(f"{TEXT}.includes('routes/index.py cannot be imported')")
    assert await page.run("document.querySelector('.failing').dataset.line") == "1"
    for part in ("No module named 'jsno'", "To fix it", "pip install jsno"):
        assert part in await page.run(TEXT)
    file.write_text("async def get():\n    return 'mended'\n")
    await page.wait_for(f"{TEXT}.includes('mended')")
    assert [each for each in page.complaints if "status of 500" not in each] == []


def test_in_development_it_is_loaded_before_anything_fails(folder: Path, server: Process) -> None:
    assert httpx2.get(f"{server.url}/modules").json() == []
    (folder / "routes/index.py").write_text("async def get(): return 'other'\n")
    server.wait_for("reloaded in")
    assert "zenith_server.error_page.page" in httpx2.get(f"{server.url}/modules").json()


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
def test_outside_development_nothing_of_it_is_shown_or_even_loaded(
    folder: Path, zenith: ZenithStarter, environment: str, engine: str
) -> None:
    names = {"ZENITH_ENV": environment, "ZENITH_SERVER__ENGINE": engine, "HOST": "127.0.0.1"}
    server = zenith(folder, env={**names, "ZENITH_SERVER__WORKERS": "1"})
    answer = httpx2.get(server.url, headers=HTML)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "request_id"}
    assert httpx2.get(f"{server.url}/modules").json() == []
