"""The answer to a client that is not let in, for which nothing is kept."""

from __future__ import annotations

from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder

_SIZE = 1200
_CAPACITY = 1 + 3 * 8


def refusal(
    version: int,
    asked: bytes,
    client: bytes,
    error_code: int = QuicErrorCode.CONNECTION_REFUSED,
) -> bytes:
    """Return a packet that ends a connection before it has begun (RFC 9000, 10.2.3).

    Args:
        version: of QUIC, as the client has it.
        asked: the connection id that the client has asked for, from which the keys are made.
        client: the client's own connection id.
        error_code: why.
    """
    keys = CryptoPair()
    keys.setup_initial(cid=asked, is_client=False, version=version)
    builder = QuicPacketBuilder(
        host_cid=asked,
        is_client=False,
        max_datagram_size=_SIZE,
        peer_cid=client,
        version=version,
    )
    builder.start_packet(QuicPacketType.INITIAL, keys)
    frame = builder.start_frame(QuicFrameType.TRANSPORT_CLOSE, capacity=_CAPACITY)
    for value in (error_code, QuicFrameType.PADDING, 0):
        frame.push_uint_var(value)
    return builder.flush()[0][0]
