"""What aioquic lets a client make us hold: shown on the library as it is, and gone in our classes.

Where one is no longer there in the library, what bounds it here can be deleted.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, cast

import pytest
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection, Setting
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived

from zenith_server.runner.engines.http3.relay import ID_LENGTH, Relay
from zenith_server.runner.engines.http3.transport import (
    CONNECTION_WINDOW,
    STREAM_BACKLOG,
    STREAM_WINDOW,
    Http3,
    Quic,
)

CLIENT, SERVER = ("127.0.0.1", 1), ("127.0.0.1", 2)
LIMIT = 10_000
BODY = b"x" * 4_000_000


@pytest.fixture(params=["bounded", "as it is"])
def bounded(request: pytest.FixtureRequest) -> bool:
    return request.param == "bounded"


class Pair:
    """A client and a server that exchange datagrams without a network, and without time."""

    def __init__(self, certificate: Path, *, bounded: bool, **client: Any) -> None:
        asking = QuicConfiguration(
            alpn_protocols=H3_ALPN, is_client=True, verify_mode=ssl.CERT_NONE, **client
        )
        serving = QuicConfiguration(
            alpn_protocols=H3_ALPN,
            is_client=False,
            max_data=CONNECTION_WINDOW,
            max_stream_data=STREAM_WINDOW,
            connection_id_length=ID_LENGTH,
        )
        cast("Any", serving).load_cert_chain(*[certificate / "both.pem"] * 2)
        self.now = 0.0
        self.client = QuicConnection(configuration=asking)
        self.client.connect(SERVER, now=self.now)
        relay = Relay(b"secret")
        self.name = relay.name
        more: Any = {
            "configuration": serving,
            "original_destination_connection_id": self.client.original_destination_connection_id,
        }
        self.server = Quic(relay.name, **more) if bounded else QuicConnection(**more)
        relay.close()
        self.delivered: dict[int, int] = {}
        self.exchange()

    def exchange(self) -> list[Any]:
        """Let both sides say what they have to say; return what the server hears."""
        heard: list[Any] = []
        silent = 0
        while silent < 100:
            self.now += 0.002
            silent += 1
            for each in (self.client, self.server):
                if (each.get_timer() or self.now) < self.now:
                    each.handle_timer(self.now)
            there = self.client.datagrams_to_send(self.now)
            for data, _ in there:
                self.server.receive_datagram(data, CLIENT, self.now)
            while (event := self.server.next_event()) is not None:
                heard.append(event)
                self.hold(event)
            back = self.server.datagrams_to_send(self.now)
            for data, _ in back:
                self.client.receive_datagram(data, SERVER, self.now)
            silent = 0 if there or back else silent
            while self.client.next_event() is not None:
                pass
        return heard

    def hold(self, event: Any) -> None:
        """Keep what has come, as for an app that does not read."""
        if isinstance(event, StreamDataReceived):
            came = self.delivered.get(event.stream_id, 0) + len(event.data)
            self.delivered[event.stream_id] = came
            if isinstance(self.server, Quic):
                self.server.held[event.stream_id] = came


def test_a_client_sends_what_the_app_has_room_for(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded)
    pair.client.send_stream_data(0, BODY)
    pair.exchange()
    assert (pair.delivered[0] == STREAM_WINDOW) is bounded
    if not isinstance(pair.server, Quic):
        return
    # What the app reads makes room for as much.
    pair.server.held[0] -= 100_000
    pair.exchange()
    assert pair.delivered[0] == STREAM_WINDOW + 100_000


def test_all_bodies_of_a_connection_have_one_bound(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded)
    for number in range(8):
        pair.client.send_stream_data(4 * number, BODY[:400_000])
    pair.exchange()
    total = sum(pair.delivered.values())
    assert (total == CONNECTION_WINDOW) is bounded


def test_an_answer_waits_for_its_client(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded, max_stream_data=10_000)
    cast("Any", pair.client)._write_stream_limits = lambda **_: None
    pair.client.send_stream_data(0, b"x")
    pair.exchange()
    given = 0
    while given < len(BODY) and (not isinstance(pair.server, Quic) or pair.server.has_room(0)):
        pair.server.send_stream_data(0, BODY[given : given + 1000])
        given += 1000
        if given % 50_000 == 0:
            pair.server.datagrams_to_send(pair.now)
    assert (given < STREAM_BACKLOG + 2000) is bounded
    if isinstance(pair.server, Quic):
        pair.exchange()
        assert pair.server.outstanding(0) == (10_000, given)


def test_ids_lead_to_the_worker(certificate: Path) -> None:
    pair = Pair(certificate, bounded=True)
    port = pair.name()[:2]
    ids = [each.cid for each in cast("Any", pair.server)._host_cids]
    assert len(ids) == 8
    assert all(each[:2] == port and len(each) == ID_LENGTH for each in ids)
    assert len(set(ids)) == 8
    used = cast("Any", pair.client)._peer_cid.cid
    assert used in ids


# HTTP


def http(pair: Pair, *, bounded: bool) -> H3Connection:
    """Speak HTTP/3 on the server's side, and let both sides say which settings they have."""
    made = Http3(cast("Quic", pair.server), LIMIT) if bounded else H3Connection(pair.server)
    pair.client_http = H3Connection(pair.client)  # pyright: ignore[reportAttributeAccessIssue]
    return made


def heard_by(made: H3Connection, pair: Pair) -> list[Any]:
    return [event for each in pair.exchange() for event in made.handle_event(each)]


def end_of(pair: Pair) -> int | None:
    closing = cast("Any", pair.server)._close_event
    return closing.error_code if isinstance(closing, ConnectionTerminated) else None


def test_a_head_is_refused_before_it_is_there(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded)
    made = http(pair, bounded=bounded)
    # The type of a frame for heads, and a length of 60,000, of which a part comes.
    pair.client.send_stream_data(0, b"\x01\x80\x00\xea\x60" + b"x" * 1000)
    heard_by(made, pair)
    assert (end_of(pair) == ErrorCode.H3_EXCESSIVE_LOAD) is bounded


def test_settings_are_not_kept_in_any_length(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded)
    made = Http3(cast("Quic", pair.server), LIMIT) if bounded else H3Connection(pair.server)
    pair.client.send_stream_data(2, b"\x00\x04\x80\x00\xea\x60" + b"x" * 1000)
    heard_by(made, pair)
    assert (end_of(pair) == ErrorCode.H3_EXCESSIVE_LOAD) is bounded


def test_no_table_is_kept_for_a_client(certificate: Path, *, bounded: bool) -> None:
    pair = Pair(certificate, bounded=bounded)
    made = http(pair, bounded=bounded)
    heard_by(made, pair)
    settings = made.sent_settings or {}
    assert (settings.get(Setting.QPACK_MAX_TABLE_CAPACITY, 0) == 0) is bounded
    # An answer that is like an earlier one does not become shorter: nothing was remembered.
    answer = [(b":status", b"200"), (b"x-own", b"a value that could be remembered")]
    sizes: list[int] = []
    for stream_id in (0, 4, 8, 12):
        pair.client.send_stream_data(stream_id, b"\x21\x00")
        heard_by(made, pair)
        before = cast("Any", made)._encoder_bytes_sent
        made.send_headers(stream_id, answer)
        heard_by(made, pair)
        sizes.append(cast("Any", made)._encoder_bytes_sent - before)
    assert (sum(sizes) == 0) is bounded
