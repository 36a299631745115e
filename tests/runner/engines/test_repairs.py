"""Faults of Hypercorn: each is shown on the library as it is, and gone in our classes.

Where one is no longer there in the library, what mends it here can be deleted.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from hypercorn.asyncio.tcp_server import TCPServer

from tests.runner.program import settings_from
from zenith_server.runner.engines import repairs
from zenith_server.runner.engines.hypercorn import Hypercorn

LIMIT = 2**20
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
SOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
# What the library leaves behind where it is at fault.
pytestmark = pytest.mark.filterwarnings("ignore")
Raw = tuple[asyncio.StreamReader, asyncio.StreamWriter]
heard: list[int] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(len(message.get("bytes") or message.get("text") or ""))
        return
    if scope["path"] == "/late":
        await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(params=["mended", "as it is"])
def mended(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    assert repairs.apply(LIMIT)
    if request.param == "as it is":
        for module, names in repairs._PLACES.items():
            for name, ours in names.items():
                monkeypatch.setattr(module, name, _as_it_is(ours))
        monkeypatch.setattr(repairs, "Connection", TCPServer)
        monkeypatch.setattr(repairs, "apply", lambda _limit: True)
    heard.clear()
    return request.param == "mended"


def _as_it_is(ours: type) -> type:
    return next(base for base in ours.__mro__ if not base.__module__.startswith("zenith_server"))


@asynccontextmanager
async def serving() -> AsyncGenerator[Callable[[], Awaitable[Raw]]]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    engine = Hypercorn(settings_from(Path(), {}))
    engine.start(app, listener, 16)
    with listener:
        yield lambda: asyncio.open_connection(*listener.getsockname())
        engine.stop_accepting()
        finishing = asyncio.ensure_future(engine.finish())
        await asyncio.wait([finishing], timeout=0.2)
        finishing.cancel()
        await asyncio.sleep(0)


async def asked(connect: Callable[[], Awaitable[Raw]], request: bytes) -> bytes:
    """Send a request, close our side, and return everything that comes."""
    reader, writer = await connect()
    with suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
        with suppress(TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(1):
                return await reader.readuntil(b"\r\n")
    writer.close()
    return b""


async def test_an_answer_to_a_body_that_nobody_reads_ends_the_connection(*, mended: bool) -> None:
    async with serving() as connect:
        reader, writer = await connect()
        writer.write(HEAD.replace(b"/", b"/late", 1) + b"Content-Length: 4000000\r\n\r\n")
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(4):
                for _ in range(61):
                    writer.write(b"x" * 2**16)
                    await writer.drain()
                await reader.read()
        await asyncio.sleep(0.1)
        still_there = any(
            "Connection" in repr(task) or "TCPServer" in repr(task) for task in asyncio.all_tasks()
        )
        ended = reader.at_eof() and not still_there
        writer.close()
    assert ended is mended


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x/../y\r\n\r\n",
        b"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["two lengths", "chunks in 1.0", "bare LF", "one bare LF", "folded", "host", "two hosts"],
)
async def test_what_others_may_read_differently_is_refused(
    request_: bytes, *, mended: bool
) -> None:
    async with serving() as connect:
        answer = await asked(connect, request_)
    assert answer.startswith(b"HTTP/1.1 400" if mended else b"HTTP/1.1 200")


async def test_a_version_that_is_none_is_refused(*, mended: bool) -> None:
    async with serving() as connect:
        answer = await asked(connect, b"GET / HTTP/1.9\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 505" if mended else b"HTTP/1.1 200")


async def test_clear_text_stays_http_1(*, mended: bool) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with serving() as connect:
        upgraded = await asked(connect, b"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n")
        assumed = await asked(connect, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert upgraded.startswith(b"HTTP/1.1 200" if mended else b"HTTP/1.1 101")
    assert (b"HTTP/1.1 505" in assumed) is mended


async def test_a_message_beyond_the_limit_ends_the_websocket(*, mended: bool) -> None:
    part = b"\x02\xfe\xff\xff\0\0\0\0" + b"x" * 0xFFFF
    more = b"\x00" + part[1:]
    async with serving() as connect:
        reader, writer = await connect()
        writer.write(SOCKET + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        answer = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(1):
                for index in range(60):
                    writer.write(more if index else part)
                    await writer.drain()
                answer = await reader.read()
        writer.close()
    assert (answer == b"\x88\x02\x03\xf1") is mended
    assert not heard


async def test_a_message_unpacks_to_no_more_than_the_limit(
    monkeypatch: pytest.MonkeyPatch, *, mended: bool
) -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(bytes(60 * LIMIT)) + packer.flush(zlib.Z_SYNC_FLUSH)
    packed = packed[:-4]
    largest = 0

    def extend(self: Any, event: Any) -> None:
        nonlocal largest
        largest = max(largest, len(event.data))
        original(self, event)

    from hypercorn.protocol.ws_stream import WebsocketBuffer

    original = WebsocketBuffer.extend
    monkeypatch.setattr(WebsocketBuffer, "extend", extend)
    async with serving() as connect:
        reader, writer = await connect()
        writer.write(SOCKET + DEFLATE + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\xc2\xfe" + len(packed).to_bytes(2, "big") + bytes(4) + packed)
        closing = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(2):
                closing = await reader.read(4)
        writer.close()
    assert (largest <= LIMIT + 1) is mended
    assert closing[2:] == b"\x03\xf1"


async def test_a_connection_that_the_client_ends_is_given_back_at_once(*, mended: bool) -> None:
    async with serving() as connect:
        before = _descriptors()
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.2)
        assert (_descriptors() <= before) is mended


async def test_http_2_goes_on_after_an_answer_before_the_end_of_a_body(*, mended: bool) -> None:
    """Spoken without TLS, to the class itself, which only TLS leads to."""
    sent = bytearray()
    client = h2.connection.H2Connection(h2.config.H2Configuration())
    client.initiate_connection()
    headers = [(":method", "POST"), (":path", "/"), (":scheme", "https"), (":authority", "x")]
    client.send_headers(1, headers)
    server = _h2(sent)
    async with asyncio.TaskGroup() as tasks:
        server.task_group = _Tasks(tasks)
        await server.initiate()
        await server.handle(_data(client))
        await asyncio.sleep(0.05)
        client.send_data(1, b"late")
        with suppress(*([] if mended else [KeyError])):
            await server.handle(_data(client))
            client.send_headers(3, [*headers[:1], *headers[1:]], end_stream=True)
            await server.handle(_data(client))
        await asyncio.sleep(0.05)
        events = client.receive_data(bytes(sent))
        await server.handle(repairs.Closed())
    answered = {e.stream_id for e in events if isinstance(e, h2.events.ResponseReceived)}
    assert (3 in answered) is mended


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def _h2(sent: bytearray) -> Any:
    import hypercorn.protocol
    from hypercorn.app_wrappers import ASGIWrapper
    from hypercorn.asyncio.worker_context import WorkerContext
    from hypercorn.config import Config
    from hypercorn.events import RawData
    from hypercorn.typing import ConnectionState

    async def send(event: Any) -> None:
        if isinstance(event, RawData):
            sent.extend(event.data)

    state: Any = ConnectionState({})
    wrapped: Any = ASGIWrapper(app)
    context, none = WorkerContext(None), None
    tasks: Any = None
    protocol: Any = hypercorn.protocol
    return protocol.H2Protocol(wrapped, Config(), context, tasks, state, True, none, none, send)


def _data(client: Any) -> Any:
    from hypercorn.events import RawData

    return RawData(data=client.data_to_send())


class _Tasks:
    """Hypercorn's task group, on one of ours."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        from hypercorn.asyncio.task_group import TaskGroup

        self._inner = TaskGroup(asyncio.get_running_loop())
        self._inner._task_group = group

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_another_version_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(repairs.FOUND, "hypercorn", "0.19.0")
    assert not repairs.apply(LIMIT)
