"""A headless Chromium that tests drive: pages, clicks, what they ask for and what they complain of.

It speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.asyncio.client import ClientConnection, connect

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--window-size=1280,1600", "--remote-debugging-port=0"),
)
PATIENCE = 30.0
TEXT = "document.body.innerText"


def find_browser() -> str | None:
    """Return the path of a Chromium, if there is one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@dataclass
class Page:
    """One page of the browser."""

    connection: ClientConnection
    requests: list[str] = field(default_factory=list)
    """Every URL that the page asked for."""
    heard: list[str] = field(default_factory=list)
    """What came over its WebSockets."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the console, violations of the policy, requests that failed."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def open(self, url: str) -> None:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def wait_for(self, script: str) -> Any:
        """Return the value of an expression once it is true."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not (value := await self.run(script)):
            late = asyncio.get_running_loop().time() > deadline
            assert not late, f"not true: {script}\n{self.complaints}\n{await self.run(TEXT)}"
            await asyncio.sleep(0.1)
        return value

    async def click(self, selector: str) -> None:
        """Click the first element that a selector finds, once there is one."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.wait_for(f"{found} !== null")
        await self.run(f"{found}.click()")

    async def type(self, selector: str, text: str) -> None:
        """Put text into a field as a keyboard does, and leave the field."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.wait_for(f"{found} !== null")
        await self.run(f"{found}.focus()")
        await self.call("Input.insertText", text=text)
        await self.run(f"{found}.blur()")

    async def screenshot(self, file: Path) -> None:
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))

    async def call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self.connection.send(json.dumps(message))
        async with asyncio.timeout(PATIENCE):
            return await answer

    async def listen(self) -> None:
        async for text in self.connection:
            message = json.loads(text)
            if "id" in message:
                self._answered(message)
            else:
                self._note(message["method"], message["params"])

    def _answered(self, message: Any) -> None:
        answer = self._answers.pop(message["id"])
        if "error" in message:
            answer.set_exception(RuntimeError(message["error"]["message"]))
        else:
            answer.set_result(message["result"])

    def _note(self, method: str, given: Any) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Network.webSocketFrameReceived":
            self.heard.append(given["response"]["payloadData"])
        elif method == "Network.loadingFailed":
            self.complaints.append(f"loading failed: {given['errorText']}")
        elif method == "Log.entryAdded":
            self.complaints.append(given["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(given["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and given["type"] in {"error", "warning"}:
            self.complaints.append(str(given["args"]))


@asynccontextmanager
async def browser(path: str, profile: Path) -> AsyncIterator[Page]:
    """Start a Chromium with an empty profile and yield its page; it is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(path, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with connect(await _page_url(profile), max_size=None) as connection:
            page = Page(connection)
            listening = asyncio.ensure_future(page.listen())
            yield page
            listening.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _page_url(profile: Path) -> str:
    """The address of the page's own socket; Chromium writes its port into the profile."""
    return await asyncio.to_thread(_wait_for_page, profile / "DevToolsActivePort")


def _wait_for_page(file: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        port, separator, _ = (file.read_text() if file.is_file() else "").partition("\n")
        if separator:
            with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in json.loads(answer.read()) if each["type"] == "page"]
            if pages:
                return pages[0]["webSocketDebuggerUrl"]
        time.sleep(0.05)
    raise AssertionError(f"Chromium did not start within {PATIENCE:g} s")
