"""Open connections, judged from outside: who says nothing, who takes nothing, who holds too many.

An engine written in Rust shows its connections to nobody, but they are descriptors of this
process, and Linux tells how each of them fares (https://man7.org/linux/man-pages/man7/tcp.7.html,
TCP_INFO). So one watch serves every engine alike, and costs nothing while a request runs.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import Struct

from zenith_server.settings import Settings

_TCP_USER_TIMEOUT = 18
_OPEN = (1, 8)  # established, or closed by the client alone
# Offsets in `struct tcp_info` (linux/tcp.h): bytes acknowledged by the peer, bytes received from
# it, and bytes that wait here because the peer takes no more.
_COUNTS = struct.Struct("=B 119x Q Q 8x I")
_INFO_SIZE = 160
_RESET = struct.pack("ii", 1, 0)
_PAUSE = 1.0
# A sweep takes at most this part of one core, however many connections there are.
_SHARE = 0.02
_AT_ONCE, _REST = 100, 0.005


class _Seen(Struct):
    """What is remembered of a connection.

    Args:
        since: when it was first seen.
        waiting_since: since when something has been waiting for its client to take it.
        taken: the bytes that the client had taken then.
        age: its place in the order in which connections were first seen.
    """

    since: float
    age: int
    waiting_since: float | None = None
    taken: int = 0


class State(Struct, frozen=True):
    """How one connection fares.

    Args:
        descriptor: its number in this process.
        peer: the address and port of its client.
        taken: bytes that the client has acknowledged.
        said: bytes that the client has sent.
        waiting: bytes that the client has no room for.
    """

    descriptor: int
    peer: tuple[str, int]
    taken: int
    said: int
    waiting: int


class Connections:
    """Ends connections that hold a place and do nothing with it.

    Args:
        listener: the socket that they came in by.
        settings: `connections` says what is too many, too slow and too silent.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        listener: socket.socket,
        settings: Settings,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = listener.getsockname()[1] if _is_tcp(listener) else 0
        self._limits = settings.connections
        proxies = settings.security.trusted_proxies
        self._exempt = [ip_network(text) for text in proxies if text != "unix"]
        self._now = now
        self._seen: dict[tuple[str, int], _Seen] = {}
        self._count = 0
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look at all connections about once a second, in a thread, where the system tells."""
        if sys.platform == "linux" and self._port:
            threading.Thread(target=self._watch, name="connections", daemon=True).start()

    def stop(self) -> None:
        """Look no further."""
        self._stopped.set()

    def _watch(self) -> None:
        pause = _PAUSE
        while not self._stopped.wait(pause):
            began = time.thread_time()
            self.sweep()
            pause = max(_PAUSE, (time.thread_time() - began) / _SHARE)

    def _rest(self) -> None:
        """Let the event loop have its turn."""
        self._stopped.wait(_REST)

    def sweep(self) -> list[tuple[str, int]]:
        """End what is to be ended; return the clients that it was."""
        states = {state.peer: state for state in _states(self._port, self._rest)}
        self._seen = {peer: known for peer, known in self._seen.items() if peer in states}
        now = self._now()
        over = [state for state in states.values() if self._is_over(state, now)]
        over += self._beyond_the_cap(states)
        return [state.peer for state in over if _end(state)]

    def _is_over(self, state: State, now: float) -> bool:
        seen = self._seen.get(state.peer)
        if seen is None:
            self._count += 1
            seen = self._seen[state.peer] = _Seen(now, self._count)
        if not state.said and now - seen.since > self._limits.idle:
            return True
        return self._is_stalled(state, seen, now)

    def _is_stalled(self, state: State, seen: _Seen, now: float) -> bool:
        """Whether something has been waiting for the client all the time, and is taken too slowly.

        What is on its way does not count, only what the client has no room for.
        """
        if not state.waiting or not self._limits.stalled:
            seen.waiting_since = None
            return False
        if seen.waiting_since is None:
            seen.waiting_since, seen.taken = now, state.taken
        seconds = now - seen.waiting_since
        if seconds < self._limits.stalled:
            return False
        slow = state.taken - seen.taken <= self._limits.min_rate * seconds
        seen.waiting_since, seen.taken = now, state.taken
        return slow

    def _beyond_the_cap(self, states: dict[tuple[str, int], State]) -> list[State]:
        """Of the clients with too many connections, return those that came last."""
        cap = self._limits.per_client
        if not cap:
            return []
        held: Counter[str] = Counter()
        beyond: list[State] = []
        for peer in sorted(states, key=lambda peer: self._seen[peer].age):
            held[peer[0]] += 1
            if held[peer[0]] > cap and not self._is_exempt(peer[0]):
                beyond.append(states[peer])
        return beyond

    def _is_exempt(self, host: str) -> bool:
        address: Any = ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._exempt)


def guard(listener: socket.socket, settings: Settings) -> None:
    """Let the system itself end connections whose client takes nothing at all; Linux only.

    Connections inherit it from the listening socket (RFC 5482).
    """
    seconds = settings.connections.stalled
    if sys.platform == "linux" and _is_tcp(listener):
        listener.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, int(seconds * 1000))


def _is_tcp(listener: socket.socket) -> bool:
    return listener.family in (socket.AF_INET, socket.AF_INET6)


def _states(port: int, rest: Callable[[], object]) -> Iterator[State]:
    """Yield the connections of this process that came in by a port, with a rest now and then."""
    for number, entry in enumerate(os.listdir("/proc/self/fd"), 1):  # noqa: PTH208 - thousands
        state = _state(int(entry), port)
        if state is not None:
            yield state
        if number % _AT_ONCE == 0:
            rest()


def _state(descriptor: int, port: int) -> State | None:
    """Return how a descriptor fares, if it is such a connection; it may close at any moment."""
    try:
        known = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=descriptor)
    except OSError:
        return None
    try:
        info = known.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
        state, taken, said, waiting = _COUNTS.unpack_from(info)
        if state in _OPEN and known.getsockname()[1] == port:
            host, number = known.getpeername()[:2]
            return State(descriptor, (host, number), taken, said, waiting)
    except (OSError, struct.error):
        # No TCP connection, or gone by now.
        return None
    finally:
        known.detach()
    return None


def _end(state: State) -> bool:
    """End a connection, and make sure that it is the one that was meant."""
    with suppress(OSError), socket.socket(fileno=os.dup(state.descriptor)) as meant:
        if meant.getpeername()[:2] == state.peer:
            # What waits for the client is thrown away: nobody is going to take it.
            meant.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            meant.shutdown(socket.SHUT_RDWR)
            return True
    return False
