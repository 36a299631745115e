"""One QUIC connection: what came is handed to its requests at once, what they say is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aioquic.h3.connection import ErrorCode
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.events import (
    ConnectionIdIssued,
    ConnectionIdRetired,
    ConnectionTerminated,
    ProtocolNegotiated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from zenith_server.protocol import ASGIApp, Headers
from zenith_server.runner.engines.http3 import heads
from zenith_server.runner.engines.http3.relay import Address
from zenith_server.runner.engines.http3.request import Request
from zenith_server.runner.engines.http3.stall import Stall
from zenith_server.runner.engines.http3.transport import CONNECTION_BACKLOG, Http3, Quic
from zenith_server.settings import Connections

log = logging.getLogger("zenith_server")

MOST_REQUESTS = 128
"""Requests of one connection that the app works on, also those whose client has lost interest."""
# A client that waits for an answer is asked now and then whether it is still there.
_PING = 10.0
# Requests have every fourth stream; the last one that there can be is a promise of nothing yet.
_STEP = 4
_LAST_STREAM = 2**62 - _STEP


@dataclass(frozen=True, slots=True)
class House:
    """What the connections of a worker share.

    Args:
        app: answers the requests.
        limits: how long and how much of what.
        always: the headers that each answer gets.
        server: our own address.
        send: sends a datagram.
        ids: the connections by the ids that lead to them.
        ended: called once a connection is over.
    """

    app: ASGIApp
    limits: Connections
    always: Callable[[], Headers]
    server: tuple[str, int]
    send: Callable[[bytes, Address], None]
    ids: dict[bytes, Connection]
    ended: Callable[[Connection], None]


class Connection:
    """A connection and its requests.

    Attributes:
        host: the address of the client, as it was at first.
    """

    def __init__(self, house: House, quic: Quic, client: Address, first_id: bytes) -> None:
        self._house = house
        self._quic = quic
        self._http: Http3 | None = None
        self._loop = asyncio.get_running_loop()
        self._ids: set[bytes] = set()
        self._requests: dict[int, Request] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stalls: dict[int, Stall] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_due = False
        self._next = 0
        self._refuses = False
        self._is_over = False
        self._idle_since = self._pinged = self._loop.time()
        self.host = str(client[0])
        for each in (first_id, quic.host_cid):
            self._know(each)

    # Datagrams

    def take(self, data: bytes, client: Address) -> None:
        """Take a datagram."""
        with self._alone():
            self._quic.receive_datagram(data, client, self._loop.time())
            self._look()
            self._wake()
            self.touch()

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let what goes wrong cost this connection, and no other."""
        try:
            yield
        except Exception:
            log.exception("The connection of %s has failed", self.host)
            self._end()

    def _wake(self) -> None:
        """Let answers go on whose client has taken enough of what there was."""
        waiting = [each for each, request in self._requests.items() if request.wants_room]
        if waiting and self._quic.backlog() < CONNECTION_BACKLOG:
            for stream_id in waiting:
                self._requests[stream_id].wake()

    def touch(self) -> None:
        """Send what there is to send, once everybody whose turn it is now has had it."""
        if not self._is_due and not self._is_over:
            self._is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_due = False
        if self._is_over:
            return
        with self._alone():
            self._emit()
            # To send makes events too: new ids lead here.
            self._look()
            self._sort_out()
            if self._quic.is_closing:
                self._end()
            self._set_timer()

    def _emit(self) -> None:
        for data, client in self._quic.datagrams_to_send(self._loop.time()):
            self._house.send(data, client)
        self._quic.forget_finished()

    def _set_timer(self) -> None:
        due = None if self._is_over else self._quic.get_timer()
        if self._timer is not None and due == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._time_came)
        self._timer_at = due or 0.0

    def _time_came(self) -> None:
        self._timer = None
        with self._alone():
            # A timer may fire a moment early; what is due by then is done now.
            self._quic.handle_timer(max(self._loop.time(), self._timer_at))
            self._look()
            self.touch()

    # Events

    def _look(self) -> None:
        while not self._is_over and (event := self._quic.next_event()) is not None:
            self._happened(event)
            for each in self._http.handle_event(event) if self._http else ():
                self._heard(each)
            if isinstance(event, StreamDataReceived):
                self._hold(event.stream_id)

    def _happened(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = Http3(self._quic, self._house.limits.head_limit)
        elif isinstance(event, ConnectionIdIssued):
            self._know(event.connection_id)
        elif isinstance(event, ConnectionIdRetired):
            self._forget(event.connection_id)
        elif isinstance(event, StreamReset | StopSendingReceived):
            if event.stream_id in self._requests:
                self._requests[event.stream_id].lose()
        elif isinstance(event, ConnectionTerminated):
            self._end()

    def _heard(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            if any(name == b":method" for name, _ in event.headers):
                self._ask(event)
            elif event.stream_ended and event.stream_id in self._requests:
                # Trailers are thrown away; they end the body.
                self._requests[event.stream_id].came(b"", last=True)
        elif isinstance(event, DataReceived) and event.stream_id in self._requests:
            self._requests[event.stream_id].came(event.data, last=event.stream_ended)

    def _ask(self, event: HeadersReceived) -> None:
        stream_id = event.stream_id
        if self._refuses or len(self._tasks) >= MOST_REQUESTS:
            # It was not looked at, so the client may ask again elsewhere (RFC 9114, 4.1.1).
            self.end(stream_id, ErrorCode.H3_REQUEST_REJECTED)
            return
        self._next = max(self._next, stream_id + _STEP)
        try:
            scope = self._scope(heads.read(event.headers, self._house.limits.head_limit))
        except heads.Refused as refused:
            self._refuse(stream_id, refused.args[0])
            return
        request = Request(self, stream_id, scope, self._house.always())
        request.came(b"", last=event.stream_ended)
        self._requests[stream_id] = request
        task = self._loop.create_task(request.run(self._house.app))
        self._tasks[stream_id] = task
        task.add_done_callback(partial(self._done, stream_id))

    def _scope(self, head: heads.Head) -> dict[str, Any]:
        path, _, query = head.target.partition(b"?")
        peer: Any = self._quic.get_peer_address()
        return {
            "type": "http",
            "http_version": "3",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": head.method,
            "scheme": "https",
            "path": head.path,
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": head.headers,
            "client": (peer[0], peer[1]),
            "server": self._house.server,
            "state": {},
            "extensions": {},
        }

    def _refuse(self, stream_id: int, status: int) -> None:
        fields = [(b":status", b"%d" % status), (b"content-length", b"0"), *self._house.always()]
        self.send_head(stream_id, fields, last=True)
        self.answered(stream_id)

    def _done(self, stream_id: int, task: asyncio.Task[None]) -> None:
        del self._tasks[stream_id]
        if not task.cancelled():
            # It has logged what failed in the app; what fails beyond that is our own fault.
            task.result()
        self._sort_out()

    def _sort_out(self) -> None:
        """Forget the requests that are over; the last one may end the connection."""
        for stream_id in list(self._requests):
            if stream_id not in self._tasks and not self._quic.is_open(stream_id):
                del self._requests[stream_id]
                self._idle_since = self._loop.time()
                self._stalls.pop(stream_id, None)
        if self._refuses and not self._requests:
            self.close()

    # What requests want

    def has_room(self, stream_id: int) -> bool:
        """Whether the client has taken enough of an answer for more of it."""
        return self._quic.has_room(stream_id)

    def took(self, stream_id: int) -> None:
        """Let the client send more of a body."""
        self._hold(stream_id)
        self.touch()

    def _hold(self, stream_id: int) -> None:
        """Count what has come of a stream and is read neither by the app nor by HTTP."""
        request = self._requests.get(stream_id)
        buffered = self._http.buffered(stream_id) if self._http else 0
        if stream_id not in self._quic.stopped:
            self._quic.held[stream_id] = buffered + (request.unread if request else 0)

    def send_head(self, stream_id: int, head: Headers, *, last: bool) -> None:
        """Send the head of an answer."""
        if self._http and self._is_sending(stream_id):
            self._http.send_headers(stream_id, head, last)
            self.touch()

    def send_body(self, stream_id: int, data: bytes, *, last: bool) -> None:
        """Send a piece of the body of an answer."""
        if self._http and self._is_sending(stream_id):
            self._http.send_data(stream_id, data, last)
            self.touch()

    def _is_sending(self, stream_id: int) -> bool:
        return not self._is_over and self._quic.is_sending(stream_id)

    def answered(self, stream_id: int) -> None:
        """Ask for nothing more of a request that has its answer (RFC 9114, 4.1)."""
        self._quic.stop(stream_id, ErrorCode.H3_NO_ERROR)
        self.touch()

    def end(self, stream_id: int, error_code: int) -> None:
        """End a stream in both directions."""
        if not self._is_over:
            self._quic.reset_stream(stream_id, error_code)
            self._quic.stop(stream_id, error_code)
            self.touch()

    # The end

    def look_after(self) -> None:
        """End what holds a place and does nothing with it; called about once a second."""
        with self._alone():
            self._sort_out()
            if not self._is_over:
                self._judge(self._loop.time())

    def _judge(self, now: float) -> None:
        for stream_id, request in self._requests.items():
            stall = self._stalls.setdefault(stream_id, Stall(self._house.limits))
            if stall.is_over(*self._quic.outstanding(stream_id), now):
                request.lose()
                self.end(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
        if not self._requests and now - self._idle_since > self._house.limits.idle:
            self.leave()
        elif self._requests and now - self._pinged > _PING:
            self._pinged = now
            self._quic.send_ping(0)
            self.touch()

    def warn(self) -> None:
        """Ask the client to make its next connection elsewhere (RFC 9114, 5.2)."""
        if self._http and not self._is_over:
            self._http.go_away(_LAST_STREAM)
            self.touch()

    def leave(self) -> None:
        """Answer what has been asked, nothing more, and end."""
        if self._http and not self._is_over and not self._refuses:
            self._http.go_away(self._next)
            self.touch()
        self._refuses = True
        self._sort_out()

    def close(self, error_code: int = ErrorCode.H3_NO_ERROR) -> None:
        """Say goodbye and end at once."""
        if self._is_over:
            return
        # What waits to be sent goes first: an answer, or that there are no more.
        self._emit()
        self._quic.close(error_code)
        self._emit()
        self._end()

    def _know(self, connection_id: bytes) -> None:
        self._ids.add(connection_id)
        self._house.ids[connection_id] = self

    def _forget(self, connection_id: bytes) -> None:
        self._ids.discard(connection_id)
        self._house.ids.pop(connection_id, None)

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        for connection_id in list(self._ids):
            self._forget(connection_id)
        for request in self._requests.values():
            request.lose()
        self._house.ended(self)
