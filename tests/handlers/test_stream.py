"""A stream begins with its first piece, filters each, and ends when its client does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Served, scope_of
from zenith_server.protocol import Message

PROJECT = {
    "routes/[kind].py": """
        import asyncio
        from collections.abc import AsyncIterator, Iterator
        from msgspec import Struct
        from zenith_server import NotFound

        ends = []

        class Out(Struct):
            name: str

        class Secret(Out):
            password: str = "hidden"

        class Pieces:
            def __init__(self, items):
                self.items = list(items)

            def __aiter__(self):
                return self

            async def __anext__(self):
                if not self.items:
                    raise StopAsyncIteration
                return self.items.pop(0)

        async def _of(*pieces):
            try:
                for piece in pieces:
                    if isinstance(piece, Exception):
                        raise piece
                    yield piece
            finally:
                ends.append(len(ends))

        def _plain():
            try:
                yield "a"
                yield "b"
            finally:
                ends.append(len(ends))

        async def _endless():
            try:
                while True:
                    yield b"x"
                    await asyncio.sleep(0.001)
            finally:
                ends.append(len(ends))

        async def get(kind: str):
            match kind:
                case "bytes": return _of(b"a", b"b")
                case "text": return _of("a", "ü")
                case "objects": return _of({"a": 1}, Out("b"))
                case "empty": return _of()
                case "plain": return _plain()
                case "map": return map(str, [1, 2])
                case "iterator": return Pieces([b"a", b"b"])
                case "status": return _of("a"), 202, {"content-type": "text/csv"}
                case "refused": return _of(NotFound("nothing to stream"))
                case "late": return _of(b"a", TimeoutError("too late"))
                case "endless": return _endless()
                case "ends": return ends

        async def post(kind: str) -> AsyncIterator[Out]:
            yield Secret("ada")
            yield Secret("bob")

        def put(kind: str) -> Iterator[Out]:
            yield Secret("ada")
        """,
}


@pytest.fixture
async def app(serve: Server) -> Served:
    return await serve(PROJECT)


@pytest.mark.parametrize(
    ("url", "kind", "body"),
    [
        ("/bytes", "application/octet-stream", b"ab"),
        ("/text", "text/plain; charset=utf-8", "aü".encode()),
        ("/objects", "application/x-ndjson", b'{"a":1}\n{"name":"b"}\n'),
        ("/empty", "application/octet-stream", b""),
        ("/plain", "text/plain; charset=utf-8", b"ab"),
        ("/map", "text/plain; charset=utf-8", b"12"),
        ("/iterator", "application/octet-stream", b"ab"),
        ("/status", "text/csv", b"a"),
    ],
)
async def test_pieces_are_sent_as_what_they_are(
    app: Served, url: str, kind: str, body: bytes
) -> None:
    answer = await app.get(url)
    assert (answer.header("content-type"), answer.body) == (kind, body)


async def test_each_piece_is_a_message(app: Served) -> None:
    answer = await app.get("/bytes")
    assert [message.get("body") for message in answer.messages[1:]] == [b"a", b"b", b""]


async def test_pieces_are_filtered_by_the_annotation(app: Served) -> None:
    assert (await app.post("/x")).body == b'{"name":"ada"}\n{"name":"bob"}\n'


async def test_pieces_of_a_plain_generator_are_filtered_too(app: Served) -> None:
    assert (await app.request("PUT", "/x")).body == b'{"name":"ada"}\n'


async def test_a_status_comes_with_a_stream(app: Served) -> None:
    assert (await app.get("/status")).status == 202


async def test_what_fails_before_the_first_piece_is_an_ordinary_error(app: Served) -> None:
    assert (await app.get("/refused")).json()["detail"] == "nothing to stream"


async def test_what_fails_later_breaks_the_connection(app: Served) -> None:
    with pytest.raises(TimeoutError, match="too late"):
        await app.get("/late")


@pytest.mark.parametrize("url", ["/bytes", "/plain", "/refused"])
async def test_the_iterator_is_closed_at_the_end(app: Served, url: str) -> None:
    await app.get(url)
    assert (await app.get("/ends")).json() == [0]


async def test_the_iterator_is_closed_when_the_client_goes_away(app: Served) -> None:
    sent: list[Message] = []
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 5:
            left.set()

    await asyncio.wait_for(app.app(scope_of("GET", "/endless", []), receive, send), 30)
    assert (await app.get("/ends")).json() == [0]


async def test_a_body_that_nobody_read_is_no_departure(app: Served) -> None:
    messages: list[Any] = [{"type": "http.request", "body": b"x", "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Message) -> None:
        sent.append(message)
        await asyncio.sleep(0)

    await app.app(scope_of("GET", "/bytes", []), receive, send)
    assert sent[-1]["more_body"] is False


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        ("bytes", "application/octet-stream"),
        ("str", "text/plain; charset=utf-8"),
        ("dict[str, int]", "application/x-ndjson"),
    ],
)
async def test_a_stream_of_nothing_has_the_type_that_is_declared(
    serve: Server, piece: str, kind: str
) -> None:
    route = f"""
        from collections.abc import AsyncIterator

        async def get() -> AsyncIterator[{piece}]:
            for each in ():
                yield each
        """
    answer = await (await serve({"routes/index.py": route})).get("/")
    assert (answer.header("content-type"), answer.body) == (kind, b"")
