"""aioquic with bounds: a client sends what the app has room for, and its answers wait for it.

aioquic lets a client send twice as much whenever half of it has come, read or not, and keeps
whatever it is told to send. `tests/runner/engines/test_http3_transport.py` shows both on the
library as it is. There is no public way to do otherwise, so this is for versions that were tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

import pylsqpack
from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import (
    ErrorCode,
    FrameType,
    FrameUnexpected,
    H3Connection,
    ProtocolError,
    Setting,
    encode_frame,
)
from aioquic.quic.connection import END_STATES, QuicConnection

# How much of one body, and of all bodies of a connection, may have come and not been read.
STREAM_WINDOW = 128 * 1024
CONNECTION_WINDOW = 512 * 1024
# How much of one answer, and of all answers of a connection, may wait for the client.
STREAM_BACKLOG = 128 * 1024
CONNECTION_BACKLOG = 512 * 1024
_MOST_SETTINGS = 4096


class Quic(QuicConnection):
    """A connection whose windows grow with what was read.

    Args:
        name: makes a connection id.
        more: the arguments of aioquic's connection.

    Attributes:
        held: the bytes of each stream that have come and were not read yet.
        stopped: the streams of which nothing more is wanted.
    """

    def __init__(self, name: Callable[[], bytes], **more: Any) -> None:
        super().__init__(**more)
        self._name = name
        self.held: defaultdict[int, int] = defaultdict(int)
        self.stopped: set[int] = set()
        own = self._host_cids[0]
        own.cid = self.host_cid = self._local_initial_source_connection_id = name()

    def is_open(self, stream_id: int) -> bool:
        """Whether something of a stream is still to come or to be acknowledged."""
        return stream_id in self._streams

    def outstanding(self, stream_id: int) -> tuple[int, int]:
        """Return how far the client has taken a stream, and how far there is something to take."""
        stream = self._streams.get(stream_id)
        if stream is None or not self.is_sending(stream_id):
            return 0, 0
        sender: Any = stream.sender
        return sender._buffer_start, sender._buffer_stop

    @property
    def is_closing(self) -> bool:
        """Whether one of the two sides has ended the connection."""
        return self._state in END_STATES

    def is_sending(self, stream_id: int) -> bool:
        """Whether something may still be sent on a stream."""
        stream = self._streams.get(stream_id)
        sender: Any = stream.sender if stream else None
        return sender is not None and not sender.is_finished and sender._reset_error_code is None

    def backlog(self) -> int:
        """Return how many bytes of all answers wait for the client."""
        everything = [self.outstanding(each) for each in self._streams]
        return sum(given - taken for taken, given in everything)

    def has_room(self, stream_id: int) -> bool:
        """Whether more may be handed over for a stream."""
        taken, given = self.outstanding(stream_id)
        if given - taken >= STREAM_BACKLOG:
            return False
        return given == taken or self.backlog() < CONNECTION_BACKLOG

    def stop(self, stream_id: int, error_code: int) -> None:
        """Ask the client to send nothing more on a stream, which gets no more room."""
        stream = self._streams.get(stream_id)
        if stream and not stream.receiver.is_finished and stream_id not in self.stopped:
            self.stopped.add(stream_id)
            self.held.pop(stream_id, None)
            self.stop_stream(stream_id, error_code)

    def forget_finished(self) -> None:
        """Forget what is held of streams that are over."""
        self.stopped &= self._streams.keys()
        for stream_id in self.held.keys() - self._streams.keys():
            del self.held[stream_id]

    def _replenish_connection_ids(self) -> None:
        first = self._host_cid_seq
        super()._replenish_connection_ids()
        for each in self._host_cids:
            if each.sequence_number >= first:
                each.cid = self._name()

    def _write_connection_limits(self, builder: Any, space: Any) -> None:
        limit = self._local_max_data
        receivers: list[Any] = [stream.receiver for stream in self._streams.values()]
        unread = sum(self.held.values()) + sum(len(each._buffer) for each in receivers)
        window = limit.used - unread + CONNECTION_WINDOW
        if window - limit.value >= CONNECTION_WINDOW // 2:
            limit.value = window
        # aioquic doubles the limit where half is used; none is, as far as it can see.
        used, limit.used = limit.used, 0
        try:
            super()._write_connection_limits(builder=builder, space=space)
        finally:
            limit.used = used

    def _write_stream_limits(self, builder: Any, space: Any, stream: Any) -> None:
        read = stream.receiver.starting_offset() - self.held.get(stream.stream_id, 0)
        grown = read + STREAM_WINDOW - stream.max_stream_data_local
        is_wanted = not stream.receiver.is_finished and stream.stream_id not in self.stopped
        if is_wanted and stream.max_stream_data_local and grown >= STREAM_WINDOW // 2:
            stream.max_stream_data_local += grown
        seen, stream.receiver.highest_offset = stream.receiver.highest_offset, 0
        try:
            super()._write_stream_limits(builder=builder, space=space, stream=stream)
        finally:
            stream.receiver.highest_offset = seen


class ExcessiveLoad(ProtocolError):
    """More than anybody needs (RFC 9114, 10.5)."""

    error_code = ErrorCode.H3_EXCESSIVE_LOAD


class Http3(H3Connection):
    """HTTP/3 whose heads are bounded before they are there.

    Without dynamic tables (RFC 9204, 3.2): heads are a little longer, and a client cannot make a
    small one stand for a large one, or have us keep a table for it.
    """

    def __init__(self, quic: Quic, head_limit: int) -> None:
        self._head_limit = head_limit
        super().__init__(quic)

    def buffered(self, stream_id: int) -> int:
        """Return how many bytes of a frame wait for the rest of it."""
        stream = self._stream.get(stream_id)
        return len(stream.buffer) if stream else 0

    def go_away(self, stream_id: int) -> None:
        """Tell the client that no request from this stream on is answered (RFC 9114, 5.2)."""
        frame = encode_frame(FrameType.GOAWAY, encode_uint_var(stream_id))
        self._quic.send_stream_data(cast("int", self._local_control_stream_id), frame)

    def _init_connection(self) -> None:
        self._max_table_capacity = self._blocked_streams = 0
        self._decoder = pylsqpack.Decoder(0, 0)
        super()._init_connection()

    def _get_local_settings(self) -> dict[int, int]:
        return {Setting.MAX_FIELD_SECTION_SIZE: self._head_limit}

    def _validate_settings(self, settings: dict[int, int]) -> None:
        super()._validate_settings(settings)
        settings[Setting.QPACK_MAX_TABLE_CAPACITY] = settings[Setting.QPACK_BLOCKED_STREAMS] = 0

    def _check_request_or_push_frame_type(self, frame_type: int, stream: Any) -> None:
        super()._check_request_or_push_frame_type(frame_type, stream)
        if frame_type == FrameType.WEBTRANSPORT_STREAM:
            raise FrameUnexpected("WebTransport is not served")
        if frame_type == FrameType.HEADERS and stream.frame_size > self._head_limit:
            raise ExcessiveLoad("The head is too large")

    def _check_control_frame_type(self, frame_type: int) -> None:
        super()._check_control_frame_type(frame_type)
        stream = self._stream[cast("int", self._peer_control_stream_id)]
        is_kept = frame_type in (FrameType.SETTINGS, FrameType.MAX_PUSH_ID)
        if is_kept and (stream.frame_size or 0) > _MOST_SETTINGS:
            raise ExcessiveLoad("The frame is too large")
