"""A client of HTTP/3, on aioquic, that can also behave badly."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from aioquic._buffer import Buffer, BufferReadError
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, ErrorCode, FrameType, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

PATIENCE = 20.0
NEVER = 2**62
Pairs = list[tuple[bytes, bytes]]


class Cut(Exception):
    """The server has ended a request, or the connection; `code` says why.

    Args:
        code: of HTTP/3, or of QUIC.
        is_unseen: whether the request was not looked at, and may be sent again.
    """

    def __init__(self, code: int, *, is_unseen: bool = False) -> None:
        super().__init__(f"cut off with {code:#x}")
        self.code = code
        self.is_unseen = is_unseen or code == ErrorCode.H3_REQUEST_REJECTED


@dataclass(slots=True)
class Answer:
    """What came of an answer, and whether that is all of it."""

    headers: Pairs = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    whole: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def status(self) -> int:
        return int(self.header(":status"))

    def header(self, name: str) -> str:
        return dict(self.headers).get(name.encode(), b"").decode()


class Client(QuicConnectionProtocol):
    """A connection to a server."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.http = H3Connection(self._quic)
        self._control = b""
        self.is_silent = False
        self.left_from = NEVER
        self.answers: dict[int, Answer] = {}
        self.stopped: set[int] = set()
        self.ended: ConnectionTerminated | None = None

    @property
    def told_to_leave(self) -> bool:
        return self.left_from < NEVER

    @property
    def sent(self) -> int:
        """How many bytes of streams the server has let us send."""
        return cast("Any", self._quic)._remote_max_data_used

    async def get(self, path: str, headers: Pairs | None = None) -> Answer:
        return await self.ask("GET", path, headers)

    async def post(self, path: str, body: bytes, headers: Pairs | None = None) -> Answer:
        return await self.ask("POST", path, headers, body)

    async def ask(
        self, method: str, path: str, headers: Pairs | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request and return the whole answer.

        Raises:
            Cut: it did not come.
        """
        stream_id = self.begin(method, path, headers, last=not body)
        if body:
            self.go_on(stream_id, body, last=True)
        return await self.answer(stream_id)

    async def answer(self, stream_id: int) -> Answer:
        await asyncio.wait_for(asyncio.shield(self.answers[stream_id].whole), PATIENCE)
        return self.answers[stream_id]

    def begin(
        self, method: str, path: str, headers: Pairs | None = None, *, last: bool = False
    ) -> int:
        """Send the head of a request; return its stream."""
        asked = [(b":method", method.encode()), (b":scheme", b"https")]
        asked += [(b":authority", b"localhost"), (b":path", path.encode())]
        return self.begin_with([*asked, *(headers or [])], last=last)

    def begin_with(self, fields: Pairs, *, last: bool = False) -> int:
        """Send a head as it is."""
        if self.ended is not None:
            raise Cut(self.ended.error_code)
        stream_id = self._quic.get_next_available_stream_id()
        self.answers[stream_id] = Answer()
        self.http.send_headers(stream_id, fields, last)
        self.transmit()
        return stream_id

    def go_on(self, stream_id: int, body: bytes, *, last: bool = False) -> None:
        """Send a part of a body."""
        self.http.send_data(stream_id, body, last)
        self.transmit()

    def forget(self, stream_id: int) -> None:
        """Lose interest in a request."""
        self._quic.reset_stream(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
        self._quic.stop_stream(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
        self.transmit()

    def vanish(self) -> None:
        """Say nothing any more, as a client does whose network has gone."""
        self.silence()

    def silence(self) -> None:
        """Neither say nor hear anything any more."""
        own = cast("Any", self)
        if own._timer is not None:
            own._timer.cancel()
        if not self.is_silent:
            own._transport.close()
        self.is_silent = True

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated):
            self.ended = event
            for stream_id in self.answers:
                self._cut(stream_id, event.error_code)
        elif isinstance(event, StreamReset) and event.stream_id in self.answers:
            self._cut(event.stream_id, event.error_code)
        elif isinstance(event, StopSendingReceived):
            self.stopped.add(event.stream_id)
        for heard in self.http.handle_event(event):
            self._hear(heard)
        if isinstance(event, StreamDataReceived):
            self._read_control(event)

    def _hear(self, heard: H3Event) -> None:
        if not isinstance(heard, HeadersReceived | DataReceived):
            return
        answer = self.answers[heard.stream_id]
        if isinstance(heard, HeadersReceived):
            answer.headers += heard.headers
        else:
            answer.body += heard.data
        if heard.stream_ended:
            answer.whole.set_result(None)

    def _read_control(self, event: StreamDataReceived) -> None:
        """Look for GOAWAY, which aioquic reads over."""
        if event.stream_id != cast("Any", self.http)._peer_control_stream_id:
            return
        self._control += event.data
        buffer = Buffer(data=self._control)
        buffer.pull_uint_var()
        with suppress(BufferReadError):
            while not buffer.eof():
                kind, size = buffer.pull_uint_var(), buffer.pull_uint_var()
                payload = Buffer(data=buffer.pull_bytes(size))
                if kind == FrameType.GOAWAY:
                    self.left_from = payload.pull_uint_var()

    def _cut(self, stream_id: int, code: int) -> None:
        answer = self.answers[stream_id]
        if not answer.whole.done():
            answer.whole.set_exception(Cut(code, is_unseen=stream_id >= self.left_from))
            # Not everybody waits for every answer.
            answer.whole.exception()


class Full(Client):
    """A client that takes as much as fits into its first windows, and no more."""

    def __init__(self, quic: Any, *args: Any, **more: Any) -> None:
        super().__init__(quic, *args, **more)
        quic._write_stream_limits = quic._write_connection_limits = lambda **_: None


@asynccontextmanager
async def client(
    port: int, kind: type[Client] = Client, host: str = "127.0.0.1", **configured: Any
) -> AsyncGenerator[Client]:
    """Connect, and end the connection at the end."""
    usual = {"server_name": "localhost", "verify_mode": ssl.CERT_NONE}
    given: Any = {"alpn_protocols": H3_ALPN, "is_client": True, **usual, **configured}
    configuration = QuicConfiguration(**given)
    _, made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: kind(QuicConnection(configuration=configuration)), local_addr=(host, 0)
    )
    try:
        made.connect((host, port))
        await asyncio.wait_for(made.wait_connected(), PATIENCE)
        yield made
        if not made.is_silent:
            made.close()
        # Nobody answers that it has ended, so there is nothing to wait for.
        await asyncio.sleep(0)
    finally:
        made.silence()
        await asyncio.sleep(0)
