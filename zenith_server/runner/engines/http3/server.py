"""The server of HTTP/3: reads datagrams, knows the connections, and lets new ones in."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any, cast

from aioquic._buffer import Buffer
from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from aioquic.quic.retry import QuicRetryTokenHandler

from zenith_server.protocol import ASGIApp, Headers
from zenith_server.runner import tls
from zenith_server.runner.engines.http3.connection import Connection, House
from zenith_server.runner.engines.http3.refusal import refusal
from zenith_server.runner.engines.http3.relay import ID_LENGTH, LARGEST, Address, Relay
from zenith_server.runner.engines.http3.transport import CONNECTION_WINDOW, STREAM_WINDOW, Quic
from zenith_server.settings import Settings

# How many datagrams one wake-up takes, so that all else has its turn.
_AT_ONCE = 32
_TICK = 1.0
# A client that says nothing for so long while it waits for an answer has gone.
_SILENT = 30.0
# Of the datagram that begins a connection, and of the id in it (RFC 9000, 7.2 and 14.1).
_SMALLEST, _SHORTEST_ID = 1200, 8


class Server:
    """Serves HTTP/3 on a UDP socket that the other workers read too.

    Args:
        app: answers the requests.
        shared: the socket.
        settings: say what is too much and too slow.
        always: the headers that each answer gets.
        secret: what the workers of this server share.
        is_full: whether the worker has as many connections as it may have.
    """

    def __init__(
        self,
        app: ASGIApp,
        shared: socket.socket,
        settings: Settings,
        *,
        always: Callable[[], Headers],
        secret: bytes,
        is_full: Callable[[], bool],
    ) -> None:
        # It tells of what clients do wrong, which is no fault of ours.
        logging.getLogger("quic").setLevel(logging.CRITICAL)
        self._loop = asyncio.get_running_loop()
        self._shared = shared
        self._limits = settings.connections
        proxies = settings.security.trusted_proxies
        self._exempt = [ip_network(text) for text in proxies if text != "unix"]
        self._is_full = is_full
        self._relay = Relay(secret)
        self._retry = QuicRetryTokenHandler()
        self._configuration = _configuration(settings)
        self._connections: set[Connection] = set()
        self._held: Counter[str] = Counter()
        self._ids: dict[bytes, Connection] = {}
        self._accepts = True
        self._leaves = False
        self._emptied = asyncio.Event()
        name = shared.getsockname()
        self._house = House(
            app, self._limits, always, (name[0], name[1]), self._send, self._ids, self._ended
        )

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def start(self) -> None:
        """Begin to read datagrams."""
        self._loop.add_reader(self._shared.fileno(), self._read)
        self._loop.add_reader(self._relay.socket.fileno(), self._read_own)
        self._tick = self._loop.call_later(_TICK, self._look_after)

    def warn(self) -> None:
        """Ask the clients to make their next connection elsewhere."""
        for connection in self._connections:
            connection.warn()

    def stop_accepting(self, *, last: bool) -> None:
        """Let no further connection begin; where others read the socket, leave it to them."""
        self._accepts = False
        if not last:
            self._loop.remove_reader(self._shared.fileno())

    async def finish(self) -> None:
        """Answer what has been asked, and end; to cancel it ends everything at once."""
        self._leaves = True
        try:
            for connection in list(self._connections):
                connection.leave()
            while self._connections:
                self._emptied.clear()
                await self._emptied.wait()
        finally:
            for connection in list(self._connections):
                connection.close()
            self._tick.cancel()
            self._loop.remove_reader(self._shared.fileno())
            self._loop.remove_reader(self._relay.socket.fileno())
            self._relay.close()

    # Datagrams

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, client = self._shared.recvfrom(LARGEST + 1)
            except OSError:
                # Nothing more is there; what the system says of one client concerns no other.
                return
            if len(data) <= LARGEST:
                self._received(data, client, may_hand_over=True)

    def _read_own(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                handed = self._relay.read()
            except OSError:
                return
            if handed is not None:
                self._received(*handed, may_hand_over=False)

    def _received(self, data: bytes, client: Address, *, may_hand_over: bool) -> None:
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=ID_LENGTH)
        except ValueError:
            # No QUIC, or cut off.
            return
        connection = self._ids.get(header.destination_cid)
        if connection is not None:
            connection.take(data, client)
            return
        port = self._relay.port_of(header.destination_cid) if may_hand_over else None
        if port is not None:
            self._relay.hand_over(port, data, client)
        elif len(data) >= _SMALLEST and header.version is not None:
            self._newcomer(header, data, client)

    def _send(self, data: bytes, client: Address) -> None:
        # What cannot be sent now is lost, as on the way, and comes again.
        with suppress(OSError):
            self._shared.sendto(data, client)

    # Those who come

    def _newcomer(self, header: QuicHeader, data: bytes, client: Address) -> None:
        version = header.version
        is_answer = header.packet_type == QuicPacketType.VERSION_NEGOTIATION
        if is_answer or version is None or len(header.destination_cid) < _SHORTEST_ID:
            return
        if version not in self._configuration.supported_versions:
            self._send(_versions(header, self._configuration), client)
        elif header.packet_type == QuicPacketType.INITIAL:
            answer = self._let_in(header, version, data, client)
            if answer:
                self._send(answer, client)

    def _let_in(self, header: QuicHeader, version: int, data: bytes, client: Address) -> bytes:
        """Begin a connection with a client that has shown its address, or return what it is told.

        Nothing is kept of one that has not (RFC 9000, 8.1.2): it may be another's address.
        """
        ends = version, header.destination_cid, header.source_cid
        if not header.token:
            return self._asked_again(header, version, client) if self._accepts else refusal(*ends)
        try:
            first = self._retry.validate_token(
                address=client,
                destination_cid=header.destination_cid,
                token=header.token,
                now=self._loop.time(),
            )
        except ValueError:
            return refusal(*ends, QuicErrorCode.INVALID_TOKEN)
        if self._leaves or self._is_full() or self._holds_too_many(str(client[0])):
            return refusal(*ends)
        self._begin(first, header.destination_cid, data, client)
        return b""

    def _asked_again(self, header: QuicHeader, version: int, client: Address) -> bytes:
        name = self._relay.name()
        token = self._retry.create_token(
            address=client,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=name,
            now=self._loop.time(),
        )
        return encode_quic_retry(
            version=version,
            source_cid=name,
            destination_cid=header.source_cid,
            original_destination_cid=header.destination_cid,
            retry_token=token,
        )

    def _begin(self, first: bytes, second: bytes, data: bytes, client: Address) -> None:
        quic = Quic(
            self._relay.name,
            configuration=self._configuration,
            original_destination_connection_id=first,
            retry_source_connection_id=second,
        )
        connection = Connection(self._house, quic, client, second)
        self._connections.add(connection)
        self._held[connection.host] += 1
        connection.take(data, client)

    def _holds_too_many(self, host: str) -> bool:
        cap = self._limits.per_client
        if not cap or self._held[host] < cap:
            return False
        address: Any = ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return not any(address in network for network in self._exempt)

    # Those who go

    def _ended(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            self._held[connection.host] -= 1
            if not self._held[connection.host]:
                del self._held[connection.host]
        self._emptied.set()

    def _look_after(self) -> None:
        self._tick = self._loop.call_later(_TICK, self._look_after)
        for connection in list(self._connections):
            connection.look_after()


def _configuration(settings: Settings) -> QuicConfiguration:
    made = QuicConfiguration(
        alpn_protocols=H3_ALPN,
        connection_id_length=ID_LENGTH,
        idle_timeout=max(_SILENT, settings.connections.idle),
        is_client=False,
        max_data=CONNECTION_WINDOW,
        max_stream_data=STREAM_WINDOW,
    )
    certificate, key = cast("tls.Files", tls.files(settings))
    cast("Any", made).load_cert_chain(certificate, key)
    return made


def _versions(header: QuicHeader, configuration: QuicConfiguration) -> bytes:
    return encode_quic_version_negotiation(
        source_cid=header.destination_cid,
        destination_cid=header.source_cid,
        supported_versions=configuration.supported_versions,
    )
