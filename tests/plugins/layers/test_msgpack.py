from __future__ import annotations

import math

import msgspec
import pytest

from tests.conftest import Server
from zenith_server.plugins.layers.msgpack import preferred

PACK = {"accept": "application/msgpack"}
FILES = {
    "zenith.yaml": "layers: {msgpack: true, compression: true}",
    "routes/items.py": """
        from datetime import date

        from msgspec import Struct

        class Item(Struct):
            name: str
            price: float | None = None
            since: date | None = None

        async def get(size: int = 1) -> list[Item]:
            return [Item("chair", 1.5, date(2027, 1, 1))] * size

        async def post(item: Item) -> Item:
            return item
        """,
    "routes/tagged.py": """
        from zenith_server import conditional

        @conditional()
        async def get(size: int = 3) -> str:
            return "x" * size
        """,
    "routes/stream.py": """
        async def get():
            yield {"a": 1}
        """,
}
CHAIR = {"name": "chair", "price": 1.5, "since": "2027-01-01"}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/msgpack", "application/msgpack"),
        ("application/vnd.msgpack, */*", "application/vnd.msgpack"),
        ("application/json;q=0.5, application/x-msgpack", "application/x-msgpack"),
        ("application/json, application/msgpack", ""),
        ("application/msgpack;q=0.5, application/json;q=0.9", ""),
        ("application/msgpack;q=0", ""),
        ("application/msgpack;q=0.5, */*", ""),
        ("*/*", ""),
        ("text/html", ""),
        ("", ""),
        ("application/msgpack;q=x", "application/msgpack"),
    ],
)
def test_it_is_written_where_the_client_prefers_it(accept: str, media: str) -> None:
    assert preferred(accept.encode()) == media


async def test_an_answer_is_the_data_of_its_json(serve: Server) -> None:
    app = await serve(FILES)
    json, packed = await app.get("/items"), await app.get("/items", PACK)
    assert json.json() == msgspec.msgpack.decode(packed.body) == [CHAIR]
    assert packed.header("content-type") == "application/msgpack"
    assert packed.header("content-length") == str(len(packed.body))
    assert json.header("vary") == packed.header("vary") == "Accept"


async def test_problems_are_too(serve: Server) -> None:
    app = await serve(FILES)
    answer = await app.get("/nowhere", PACK)
    assert (answer.status, msgspec.msgpack.decode(answer.body)["status"]) == (404, 404)


async def test_a_body_is_read_like_json(serve: Server) -> None:
    app = await serve(FILES)
    headers = {"content-type": "application/msgpack", "content-length": "9"}
    answer = await app.post("/items", msgspec.msgpack.encode(CHAIR), headers)
    assert answer.json() == CHAIR
    data = msgspec.msgpack.encode({"name": 1, "colour": "red"})
    faults = (await app.request("POST", "/items", headers, [data[:5], data[5:]])).faults()
    assert set(faults) == {"body.name", "body.colour"}


@pytest.mark.parametrize(
    "data", [b"\xc1", b"\x81", msgspec.msgpack.encode({"name": "a", "price": math.nan})]
)
async def test_what_cannot_be_read_is_a_400(serve: Server, data: bytes) -> None:
    app = await serve(FILES)
    assert (await app.post("/items", data, {"content-type": "application/msgpack"})).status == 400


async def test_a_body_beyond_the_limit_is_a_413(serve: Server) -> None:
    app = await serve(
        {**FILES, "zenith.yaml": "layers: {msgpack: true}\nrequests: {json_limit: 20}"}
    )
    data = msgspec.msgpack.encode({"name": "a" * 50})
    answer = await app.post("/items", data, {"content-type": "application/msgpack"})
    assert answer.status == 413


async def test_it_is_compressed_and_tagged_like_json(serve: Server) -> None:
    app = await serve(FILES)
    headers = {**PACK, "accept-encoding": "gzip"}
    answer = await app.get("/tagged?size=5000", headers)
    tag = answer.header("etag") or ""
    assert tag.endswith('-msgpack-gzip"')
    assert answer.header("content-encoding") == "gzip"
    assert (await app.get("/tagged?size=5000", {**headers, "if-none-match": tag})).status == 304


async def test_a_stream_stays_what_it_is(serve: Server) -> None:
    app = await serve(FILES)
    answer = await app.get("/stream", PACK)
    assert (answer.header("content-type"), answer.body) == ("application/x-ndjson", b'{"a":1}\n')


async def test_head_has_the_headers_of_get(serve: Server) -> None:
    app = await serve(FILES)
    get, head = await app.get("/items", PACK), await app.request("HEAD", "/items", PACK)
    assert (head.header("content-length"), head.body) == (get.header("content-length"), b"")


async def test_the_description_tells_both_types(serve: Server) -> None:
    app = await serve(FILES)
    post = (await app.get("/openapi.json")).json()["paths"]["/items"]["post"]
    kinds = {"application/json", "application/msgpack"}
    assert post["requestBody"]["content"].keys() == kinds
    assert post["responses"]["200"]["content"].keys() == kinds
    problem = {"application/problem+json", "application/msgpack"}
    assert post["responses"]["422"]["content"].keys() == problem


async def test_without_the_layer_there_is_only_json(serve: Server) -> None:
    app = await serve({**FILES, "zenith.yaml": "layers: {compression: true}"})
    answer = await app.get("/items", PACK)
    assert (answer.json(), answer.header("vary")) == ([CHAIR], None)
