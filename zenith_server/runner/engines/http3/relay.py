"""Which worker has a connection, and how a datagram that another has read gets there.

All workers read the one UDP socket, and whoever is quickest has a datagram. So each connection id
tells the worker, by the port of a second socket on the loopback interface. Ids and what is handed
over are signed: nobody else can have a worker send or believe something.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from hmac import compare_digest

Address = tuple[str | int, ...]
Taken = Callable[[bytes, Address], None]

ID_LENGTH = 16
# The port and a number that is not used twice; the rest of an id is its signature.
_PORT, _SIGNED = 2, 8
_TAG = 16
_LOOPBACK = "127.0.0.1"
LARGEST = 4096
"""Bytes of the largest datagram that is looked at; a path that lets more through is not needed."""


class Relay:
    """The worker's own socket, on which the others hand it what is its own.

    Args:
        secret: what the workers of a server share.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((_LOOPBACK, 0))
        self._port = self.socket.getsockname()[1].to_bytes(_PORT, "big")

    def close(self) -> None:
        """Hear no more."""
        self.socket.close()

    def name(self) -> bytes:
        """Return a new connection id that leads here."""
        signed = self._port + os.urandom(_SIGNED - _PORT)
        return signed + self._signature(signed, ID_LENGTH - _SIGNED)

    def port_of(self, connection_id: bytes) -> int | None:
        """Return the port of another worker whose id this is; None if it is ours or nobody's."""
        signed, signature = connection_id[:_SIGNED], connection_id[_SIGNED:]
        is_other = len(connection_id) == ID_LENGTH and signed[:_PORT] != self._port
        due = self._signature(signed, ID_LENGTH - _SIGNED)
        if not is_other or not compare_digest(signature, due):
            return None
        return int.from_bytes(signed[:_PORT], "big")

    def hand_over(self, port: int, data: bytes, client: Address) -> None:
        """Send a datagram on to the worker on a port; one that has gone does not hear it."""
        head = json.dumps(client).encode()
        said = len(head).to_bytes(2, "big") + head + data
        with suppress(OSError):
            self.socket.sendto(self._signature(said, _TAG) + said, (_LOOPBACK, port))

    def read(self) -> tuple[bytes, Address] | None:
        """Return a datagram that another worker has handed over, if it was one of ours.

        Raises:
            OSError: nothing has come.
        """
        told, _ = self.socket.recvfrom(2 * LARGEST)
        tag, said = told[:_TAG], told[_TAG:]
        if not compare_digest(tag, self._signature(said, _TAG)):
            return None
        end = 2 + int.from_bytes(said[:2], "big")
        return said[end:], tuple(json.loads(said[2:end]))

    def _signature(self, data: bytes, size: int) -> bytes:
        return blake2b(data, digest_size=size, key=self._secret).digest()
