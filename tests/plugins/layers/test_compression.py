from __future__ import annotations

import gzip
import zlib

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import SOCKET, connected
from tests.served import Answer, Served
from zenith_server.plugins.layers.compression import accepts_gzip

ON = {"zenith.yaml": "layers: {compression: true}\n"}
GZIP = {"accept-encoding": "gzip, br"}
LONG = """
    from starlette.responses import PlainTextResponse, StreamingResponse

    def _answer(kind="text/plain", size=5000, status=200, **headers):
        return PlainTextResponse("x" * size, status, headers, media_type=kind)
"""


async def app_of(serve: Server, *lines: str) -> Served:
    code = "\n".join(f"    {line}" for line in lines)
    return await serve({**ON, "routes/index.py": f"{LONG}\n{code}\n"})


def is_plain(answer: Answer) -> bool:
    return answer.header("content-encoding") is None and answer.header("vary") is None


async def test_a_long_answer_is_compressed_for_a_client_that_takes_it(serve: Server) -> None:
    answer = await (await app_of(serve, "async def get(): return _answer()")).get("/", GZIP)
    assert answer.header("content-encoding") == "gzip"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("vary") == "Accept-Encoding"
    assert gzip.decompress(answer.body) == b"x" * 5000


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity, *;q=0.0"])
async def test_a_client_that_does_not_take_it_gets_text_that_caches_keep_apart(
    serve: Server, accepted: str
) -> None:
    app = await app_of(serve, "async def get(): return _answer()")
    answer = await app.get("/", {"accept-encoding": accepted} if accepted else {})
    assert answer.header("content-encoding") is None
    assert (answer.header("vary"), answer.body) == ("Accept-Encoding", b"x" * 5000)


@pytest.mark.parametrize(
    "arguments",
    [
        "size=999",
        "kind='image/png'",
        "kind='text/event-stream'",
        "kind='application/octet-stream'",
        "status=206",
        "**{'Content-Encoding': 'br'}",
        "**{'Cache-Control': 'public, no-transform'}",
    ],
)
async def test_what_is_not_worth_it_is_left_alone(serve: Server, arguments: str) -> None:
    app = await app_of(serve, f"async def get(): return _answer({arguments})")
    answer = await app.get("/", GZIP)
    assert answer.body[:1] == b"x"
    assert answer.header("vary") is None


@pytest.mark.parametrize("kind", ["application/problem+json", "image/svg+xml", "TEXT/HTML; a=b"])
async def test_every_kind_of_text_is_compressed(serve: Server, kind: str) -> None:
    app = await app_of(serve, f"async def get(): return _answer('{kind}')")
    assert (await app.get("/", GZIP)).header("content-encoding") == "gzip"


async def test_an_answer_without_body_stays_one(serve: Server) -> None:
    app = await app_of(serve, "async def get(): return None")
    answer = await app.get("/", GZIP)
    assert (answer.status, answer.body, is_plain(answer)) == (204, b"", True)


async def test_head_has_no_body_and_varies_as_get_does(serve: Server) -> None:
    app = await app_of(serve, "async def get(): return _answer()")
    answer = await app.request("HEAD", "/", GZIP)
    assert (answer.body, answer.header("vary")) == (b"", "Accept-Encoding")
    assert answer.header("content-encoding") is None


async def test_each_part_of_a_stream_arrives_when_it_is_sent(serve: Server) -> None:
    app = await app_of(
        serve,
        "async def get():",
        "    yield 'first'",
        "    yield 'second'",
    )
    answer = await app.get("/", GZIP)
    unzip = zlib.decompressobj(wbits=31)
    parts = [unzip.decompress(message["body"]) for message in answer.messages[1:]]
    assert [part for part in parts if part] == [b"first", b"second"]
    assert answer.header("content-length") is None


async def test_a_large_part_is_compressed_in_a_thread(serve: Server) -> None:
    app = await app_of(serve, "async def get(): return _answer(size=300_000)")
    assert gzip.decompress((await app.get("/", GZIP)).body) == b"x" * 300_000


async def test_a_strong_etag_becomes_weak_and_vary_is_added_to(serve: Server) -> None:
    lines = "async def get(): return _answer(etag='\"abc\"', vary='Cookie')"
    answer = await (await app_of(serve, lines)).get("/", GZIP)
    assert answer.header("etag") == 'W/"abc"'
    assert [v for k, v in answer.headers if k == "vary"] == ["Cookie", "Accept-Encoding"]


async def test_a_weak_etag_stays_as_it_is(serve: Server) -> None:
    lines = "async def get(): return _answer(etag='W/\"abc\"')"
    assert (await (await app_of(serve, lines)).get("/", GZIP)).header("etag") == 'W/"abc"'


async def test_a_response_that_a_handler_keeps_is_compressed_anew_each_time(serve: Server) -> None:
    app = await app_of(serve, "kept = _answer()", "async def get(): return kept")
    first, second = await app.get("/", GZIP), await app.get("/", GZIP)
    assert first.body == second.body
    assert gzip.decompress(second.body) == b"x" * 5000


async def test_a_file_that_the_server_sends_itself_goes_as_it_is(serve: Server) -> None:
    app = await app_of(
        serve,
        "class Path:",
        "    status_code = 200",
        "    async def __call__(self, scope, receive, send):",
        "        headers = [(b'content-type', b'text/plain')]",
        "        await send({'type': 'http.response.start', 'status': 200, 'headers': headers})",
        "        await send({'type': 'http.response.pathsend', 'path': '/etc/hostname'})",
        "async def get(): return Path()",
    )
    answer = await app.get("/", GZIP)
    assert [message["type"] for message in answer.messages][1:] == ["http.response.pathsend"]
    assert (answer.header("content-encoding"), answer.header("vary")) == (None, "Accept-Encoding")


@pytest.mark.parametrize(
    ("value", "takes"),
    [
        (b"gzip", True),
        (b"deflate, GZIP;q=0.5", True),
        (b"x-gzip", True),
        (b"*", True),
        (b"gzip;q=0, *", False),
        (b"gzip; q=0.000", False),
        (b"*;q=0", False),
        (b"", False),
        (b"notgzip", False),
    ],
)
def test_the_weights_of_accept_encoding_count(value: bytes, takes: bool) -> None:
    assert accepts_gzip(value) is takes


async def test_a_websocket_is_not_concerned(serve: Server) -> None:
    assert (await connected(await serve({**SOCKET, **ON})))[0]["type"] == "websocket.accept"


async def test_messages_that_are_no_body_pass_through(serve: Server) -> None:
    app = await app_of(
        serve,
        "class Both:",
        "    status_code = 200",
        "    async def __call__(self, scope, receive, send):",
        "        headers = [(b'content-type', b'text/plain')]",
        "        await send({'type': 'http.response.start', 'status': 200, 'headers': headers})",
        "        body = {'type': 'http.response.body', 'body': b'x' * 2000, 'more_body': True}",
        "        await send(body)",
        "        await send({'type': 'http.response.trailers', 'headers': []})",
        "        await send({**body, 'more_body': False})",
        "async def get(): return Both()",
    )
    answer = await app.get("/", GZIP)
    types = [message["type"].removeprefix("http.response.") for message in answer.messages]
    assert types == ["start", "body", "trailers", "body"]
    body = b"".join(m["body"] for m in answer.messages if m["type"].endswith("body"))
    assert gzip.decompress(body) == b"x" * 4000
