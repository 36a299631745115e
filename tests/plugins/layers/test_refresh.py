"""The script is added to whole pages that a person opens, and nothing else is touched."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import asked
from tests.served import Answer, Served

SCRIPT = b'<script src="/_zenith/refresh.js?a-1" defer></script>'
OPENED = {"sec-fetch-dest": "document", "accept": "text/html,*/*"}
PAGE = "<!doctype html><p>Hello</p>"
HEAD = """
from pathlib import Path
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
PAGE = "<!doctype html><p>Hello</p>"
"""


async def app_of(
    serve: Server, *lines: str, environment: Any = "development", **files: str
) -> Served:
    text = "\n".join([HEAD, *lines])
    return await serve({"routes/index.py": text, **files}, environment)


async def opened(app: Served, url: str = "/", **more: Any) -> Answer:
    headers = more.pop("headers", OPENED)
    return await asked(app, url, [*headers.items()], **{"zenith.refresh": "a-1", **more})


async def body_of(serve: Server, *lines: str, **more: Any) -> bytes:
    return (await opened(await app_of(serve, *lines), **more)).body


HTML = "async def get(): return HTMLResponse(PAGE, headers={'ETag': '\"x\"'})"


async def test_a_page_gets_the_script_and_its_new_length(serve: Server) -> None:
    answer = await opened(await app_of(serve, HTML))
    assert answer.body == PAGE.encode() + SCRIPT
    assert answer.header("content-length") == str(len(answer.body))


async def test_a_page_with_the_script_is_kept_by_no_cache(serve: Server) -> None:
    answer = await opened(await app_of(serve, HTML))
    assert (answer.header("etag"), answer.header("cache-control")) == (None, "no-store")


async def test_a_file_that_comes_in_parts_gets_the_script_once(
    serve: Server, tmp_path: Path
) -> None:
    file = tmp_path / "large.html"
    file.write_bytes(b"x" * 200_000)
    answer = await opened(
        await app_of(serve, f"async def get(): return FileResponse({str(file)!r})")
    )
    assert answer.body == file.read_bytes() + SCRIPT
    assert len(answer.messages) > 3


async def test_a_nonce_of_the_page_s_policy_is_the_script_s_too(serve: Server) -> None:
    policy = "{'Content-Security-Policy': \"script-src 'nonce-r4nd0m='\"}"
    body = await body_of(serve, f"async def get(): return HTMLResponse(PAGE, headers={policy})")
    assert body.endswith(b' defer nonce="r4nd0m="></script>')


async def test_an_error_page_gets_the_script_too(serve: Server) -> None:
    assert SCRIPT in await body_of(serve, "async def get(): return HTMLResponse(PAGE, 500)")


@pytest.mark.parametrize(
    "answer",
    [
        "Response(PAGE, media_type='text/plain')",
        "HTMLResponse(PAGE, headers={'Content-Encoding': 'gzip'})",
        "StreamingResponse(iter([PAGE]), media_type='text/html')",
        "HTMLResponse(PAGE, 206)",
        "HTMLResponse(PAGE.encode('utf-16'), media_type='text/html; charset=utf-16')",
    ],
)
async def test_what_is_no_whole_readable_page_stays_as_it_is(serve: Server, answer: str) -> None:
    assert b"script" not in await body_of(serve, f"async def get(): return {answer}")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-dest": "empty", "accept": "text/html"},
        {"accept": "*/*"},
        {"accept": "text/html, */*", "hx-request": "true"},
    ],
)
async def test_what_a_script_or_a_program_asks_for_stays_as_it_is(
    serve: Server, headers: dict[str, str]
) -> None:
    assert await body_of(serve, HTML, headers=headers) == PAGE.encode()


async def test_a_browser_that_does_not_say_what_for_gets_it(serve: Server) -> None:
    body = await body_of(serve, HTML, headers={"accept": "text/html,*/*;q=0.8"})
    assert body.endswith(SCRIPT)


async def test_head_has_the_page_s_own_length(serve: Server) -> None:
    answer = await opened(await app_of(serve, HTML), method="HEAD")
    assert answer.header("content-length") == str(len(PAGE))


async def test_a_server_that_has_no_channel_adds_nothing(serve: Server) -> None:
    assert (await asked(await app_of(serve, HTML), headers=[*OPENED.items()])).body == PAGE.encode()


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
async def test_elsewhere_than_in_development_nothing_is_added(
    serve: Server, environment: Any
) -> None:
    app = await app_of(serve, HTML, environment=environment)
    assert (await opened(app)).body == PAGE.encode()


@pytest.mark.parametrize("off", ["layers: {refresh: false}", "server: {reload: false}"])
async def test_it_can_be_switched_off(serve: Server, off: str) -> None:
    app = await app_of(serve, HTML, **{"zenith.yaml": off})
    assert (await opened(app)).body == PAGE.encode()


async def test_where_the_server_sends_the_file_itself_it_goes_as_it_is(serve: Server) -> None:
    lines = """
class Sending:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        headers = [(b"content-type", b"text/html"), (b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": "/page.html"})

middleware = Sending
"""
    files = {"middleware/1_sending.py": lines}
    answer = await opened(await app_of(serve, HTML, **files))
    assert [m["type"] for m in answer.messages] == ["http.response.start", "http.response.pathsend"]
    assert answer.header("content-length") == "9"


async def test_with_compression_the_script_is_compressed_with_the_page(serve: Server) -> None:
    long = "async def get(): return HTMLResponse(PAGE * 100)"
    files = {"zenith.yaml": "layers: {compression: true}"}
    headers = {**OPENED, "accept-encoding": "gzip"}
    answer = await opened(await app_of(serve, long, **files), headers=headers)
    assert gzip.decompress(answer.body).endswith(SCRIPT)
