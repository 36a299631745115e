"""What is mended in Hypercorn 0.18, each fault by a class in the place of its own.

`tests/runner/engines/test_repairs.py` shows each fault on the library as it is, so that a version
without it is noticed. Other versions are left as they are.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from contextlib import suppress
from importlib.metadata import version
from typing import Any, cast

import h11
import hypercorn.protocol
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived
from h2.events import Event as H2Event
from h2.exceptions import ProtocolError
from h11._receivebuffer import ReceiveBuffer, blank_line_regex
from hypercorn.events import Closed
from hypercorn.events import Event as ConnectionEvent
from hypercorn.protocol import h2 as h2_module
from hypercorn.protocol import h11 as h11_module
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import Body, EndBody, Event, StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from hypercorn.typing import ASGISendEvent
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason

from zenith_server.host import host_of
from zenith_server.runner.engines import savings

KNOWN = {"hypercorn": "0.18.", "h11": "0.16.", "wsproto": "1."}
# Looked up when this is loaded, which the fork server does once for all workers.
FOUND = {name: version(name) for name in KNOWN}
# How long a client may go on sending a body that nobody wants, so that it can read the answer.
LINGER, MAX_READ = 2.0, 2**16
# As many as Granian takes.
MOST_HEADERS = 100
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Each length that is given: two that are the same are still one too many.
_LENGTH = re.compile(rb"\ncontent-length:[^\r,]*([,\r])", re.IGNORECASE)
_VERSIONS = (b"1.0", b"1.1")


def apply(message_limit: int) -> bool:
    """Let Hypercorn use the mended classes; return whether this version of it is known.

    Args:
        message_limit: the size of the largest WebSocket message, in bytes.
    """
    if not all(FOUND[name].startswith(known) for name, known in KNOWN.items()):
        return False
    Deflate.limit = message_limit
    for module, names in _PLACES.items():
        for name, mended in names.items():
            setattr(module, name, mended)
    return True


class Refused(Exception):
    """A request that is not answered by the app; `args[0]` is the status."""


class StrictBuffer(ReceiveBuffer):
    """Takes lines that end in CRLF and are not folded (RFC 9112, 2.2 and 5.2).

    What another server on the way reads differently may hide a request from it. A head that
    arrives whole may not be larger either than one that arrives in parts.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Return the lines of a head or of trailers once they are whole."""
        match = blank_line_regex.search(self._data)
        is_empty = self._data.startswith(b"\r\n")
        head = self._data[: match.end()] if match and not is_empty else b""
        ends = head.count(b"\r\n")
        bare = head.count(b"\n") != ends or head.count(b"\r") != ends
        if bare or b"\n " in head or b"\n\t" in head or self._data.startswith(b"\n"):
            raise h11.RemoteProtocolError("Lines end in CRLF", error_status_hint=400)
        lengths = _LENGTH.findall(head)
        if _CONTROL.search(head) or len(lengths) > 1 or b"," in lengths:
            raise h11.RemoteProtocolError("The head is ambiguous", error_status_hint=400)
        if len(head) > self._limit or ends > MOST_HEADERS + 2:
            raise h11.RemoteProtocolError("The head is too large", error_status_hint=431)
        return super().maybe_extract_lines()


class H11(savings.H11):
    """HTTP/1.1 as strict as its RFC, without a change to HTTP/2 in clear text."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        cast("Any", self.connection)._receive_buffer = StrictBuffer(
            self.config.h11_max_incomplete_size
        )

    async def handle(self, event: ConnectionEvent) -> None:
        """Read on; answer what is refused, and close."""
        try:
            await super().handle(event)
        except Refused as refused:
            await self._send_error_response(refused.args[0])
            await self.send(Closed())

    @property
    def is_unread(self) -> bool:
        """Whether the client is still sending a request."""
        return self.connection.their_state in (h11.SEND_BODY, h11.ERROR)

    async def _check_protocol(self, event: h11.Request) -> None:
        status = _refusal(event)
        if status:
            raise Refused(status)
        if b"://" in event.target and event.target[:1] != b"/":
            object.__setattr__(event, "target", _path(event.target))


class H2(H2Protocol):
    """HTTP/2 that survives a body that goes on after its answer, and says which requests it took.

    A client sends the others again, elsewhere (RFC 9113, 6.8 and 8.7).
    """

    async def leave(self) -> None:
        """Tell the client that the connection ends, and which request was the last."""
        with suppress(ProtocolError):
            self.connection.close_connection()
            await self._flush()

    async def _handle_events(self, events: list[H2Event]) -> None:
        for event in events:
            if isinstance(event, RequestReceived) and self.context.terminated.is_set():
                self.connection.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
            elif isinstance(event, DataReceived) and event.stream_id not in self.streams:
                with suppress(ProtocolError):
                    self.connection.acknowledge_received_data(
                        event.flow_controlled_length or 0, event.stream_id
                    )
            else:
                await super()._handle_events([event])
        await self._flush()


class Http(HTTPStream):
    """A request whose body may stay unread.

    Hypercorn waits for room in the queue to an app that has long answered, and keeps connection,
    task and body for ever.
    """

    answered = False

    async def handle(self, event: Event) -> None:
        """Hand an event to the app, unless it has answered."""
        if not (self.answered and isinstance(event, Body | EndBody)):
            await super().handle(event)

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Send what the app sends; after its last word, let go who waits to tell it more."""
        last = message is None or (
            message["type"] == "http.response.body" and not message.get("more_body", False)
        )
        if last and self.app_put is not None:
            self.answered = True
            waiting = cast("asyncio.Queue[Any]", cast("Any", self.app_put).__self__)
            while not waiting.empty():
                waiting.get_nowait()
        await super().app_send(message)


class Ws(WSStream):
    """A WebSocket that ends at the first message beyond the limit, and says so."""

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                if not await self._take(cast("Any", event)):
                    return
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                replies = self.connection.state is ConnectionState.REMOTE_CLOSING
                await self._end(event.response() if replies else event)

    async def _take(self, event: Any) -> bool:
        buffer = cast("Any", self.buffer)
        put = cast("Any", self.app_put)
        try:
            buffer.extend(event)
        except FrameTooLargeError:
            await self._end(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG))
            return False
        if event.message_finished:
            await put(buffer.to_message())
            buffer.clear()
        return True

    async def _end(self, event: CloseConnection) -> None:
        await self._send_wsproto_event(event)
        await self.send(StreamClosed(stream_id=self.stream_id))


class Deflate(PerMessageDeflate):
    """Unpacks no more than a message may have (RFC 7692, 8: a few bytes can become gigabytes)."""

    limit = 2**20

    def frame_inbound_payload_data(self, proto: Any, data: bytes) -> bytes | CloseReason:
        """Return what the data of a frame unpack to."""
        if not self._inbound_compressed or not self._inbound_is_compressible:
            return data
        unpack = cast("Any", self._decompressor)
        try:
            unpacked = unpack.decompress(bytes(data), self.limit + 1)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        return CloseReason.MESSAGE_TOO_BIG if unpack.unconsumed_tail else unpacked


class Connection(savings.Connection):
    """A connection that ends when its client ends it, and only after its answer was read."""

    async def _initiate_server_close(self) -> None:
        if isinstance(self.protocol.protocol, H2):
            await self.protocol.protocol.leave()
        await super()._initiate_server_close()

    async def _read_data(self) -> None:
        self._ended = asyncio.Event()
        self._reading = asyncio.current_task()
        try:
            await super()._read_data()
        finally:
            self._ended.set()
            # It would keep the connection until the idle time is over.
            await self.idle_task.stop()

    async def protocol_send(self, event: ConnectionEvent) -> None:
        """Send; close only once a client that is still sending has seen the answer.

        Closing with bytes unread resets the connection, and the answer is lost (RFC 9112, 9.6).
        """
        if isinstance(event, Closed) and getattr(self.protocol.protocol, "is_unread", False):
            self.send_head()
            with suppress(NotImplementedError, OSError, RuntimeError):
                self.writer.write_eof()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._until_silent()
        await super().protocol_send(event)

    async def _until_silent(self) -> None:
        if asyncio.current_task() is not self._reading:
            await self._ended.wait()
            return
        while await self.reader.read(MAX_READ):
            pass


def _refusal(request: h11.Request) -> int:
    """Return the status that a request is refused with, or 0 (RFC 9112, 2.3, 3.2 and 6.3)."""
    if request.http_version not in _VERSIONS:
        return 505
    framing = {name for name, _ in request.headers} & {b"content-length", b"transfer-encoding"}
    if len(framing) == 2 or (b"transfer-encoding" in framing and request.http_version == b"1.0"):
        return 400
    hosts = [value for name, value in request.headers if name == b"host"]
    if hosts and host_of(hosts[0]) is None:
        return 400
    scheme, separator, rest = request.target.partition(b"://")
    if separator and scheme in (b"http", b"https"):
        return 0 if [rest.partition(b"/")[0].partition(b"?")[0]] == hosts[:1] else 400
    return 0


def _path(target: bytes) -> bytes:
    """Return the path and query of a target in absolute form."""
    rest = target.partition(b"://")[2]
    start = min((rest.find(mark) for mark in (b"/", b"?") if mark in rest), default=len(rest))
    return rest[start:] if rest[start : start + 1] == b"/" else b"/" + rest[start:]


_PLACES: dict[Any, dict[str, Any]] = {
    hypercorn.protocol: {"H11Protocol": H11, "H2Protocol": H2},
    h11_module: {"HTTPStream": Http, "WSStream": Ws},
    h2_module: {"HTTPStream": Http, "WSStream": Ws},
    ws_stream: {"PerMessageDeflate": Deflate},
}
