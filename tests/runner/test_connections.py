from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import pytest

from tests.runner.program import settings_from
from zenith_server.runner.connections import Connections
from zenith_server.settings import Security, Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
Peer = tuple[str, int]


class Room:
    """A listening socket with a client's and a server's end of each connection, and a clock."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.now = 0.0

    def watch(self, settings: Settings) -> Connections:
        return Connections(self.listener, settings, now=lambda: self.now)

    def connect(self, said: bytes = b"x") -> tuple[socket.socket, socket.socket]:
        client = self._stack.enter_context(socket.create_connection(self.listener.getsockname()))
        ours, _ = self.listener.accept()
        client.sendall(said)
        return client, self._stack.enter_context(ours)


@pytest.fixture
def room() -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(stack)


def settings(*proxies: str, **limits: object) -> Settings:
    given = settings_from(Path(), {"stalled": 10.0, "idle": 10.0, **limits})
    return msgspec.structs.replace(given, security=Security(trusted_proxies=proxies))


def test_whoever_says_nothing_is_left_after_the_idle_time(room: Room) -> None:
    watch = room.watch(settings())
    silent, _ = room.connect(b"")
    room.connect()
    assert watch.sweep() == []
    room.now = 11
    assert watch.sweep() == [silent.getsockname()]
    assert watch.sweep() == []


def test_the_connections_of_a_client_beyond_its_cap_are_those_that_came_last(room: Room) -> None:
    watch = room.watch(settings(per_client=2))
    for _ in range(2):
        room.connect()
        assert watch.sweep() == []
    late, _ = room.connect()
    assert watch.sweep() == [late.getsockname()]


def test_a_trusted_proxy_has_as_many_as_it_likes(room: Room) -> None:
    watch = room.watch(settings("127.0.0.0/8", per_client=1))
    room.connect()
    room.connect()
    assert watch.sweep() == []


def test_whoever_takes_too_little_of_what_waits_is_left(room: Room) -> None:
    watch = room.watch(settings(min_rate=1000))
    client, ours = room.connect()
    _fill(ours)
    assert watch.sweep() == []
    room.now = 9
    assert watch.sweep() == []
    room.now = 11
    assert watch.sweep() == [client.getsockname()]
    with pytest.raises(OSError, match=r"."):
        ours.send(b"more")


def test_whoever_takes_what_waits_stays(room: Room) -> None:
    watch = room.watch(settings(min_rate=1000))
    client, ours = room.connect()
    for _ in range(5):
        _fill(ours)
        assert watch.sweep() == []
        client.recv(2**20, socket.MSG_WAITALL)
        room.now += 11


def test_a_client_with_nothing_to_take_may_wait_for_ever(room: Room) -> None:
    watch = room.watch(settings())
    room.connect()
    for _ in range(3):
        room.now += 1000
        assert watch.sweep() == []


def test_connections_that_came_in_elsewhere_are_no_concern(room: Room) -> None:
    watch = room.watch(settings(per_client=0))
    with ExitStack() as stack:
        Room(stack).connect(b"")
        watch.sweep()
        room.now = 1000
        assert watch.sweep() == []


def test_a_unix_socket_is_not_watched(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        watch = Connections(listener, settings())
        watch.start()
        watch.stop()


def _fill(ours: socket.socket) -> None:
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while ours.send(b"x" * 2**16):
            pass
