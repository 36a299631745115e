from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from zenith_server.runner.engines.http3.relay import ID_LENGTH, Relay

CLIENTS = [("192.0.2.1", 4433), ("2001:db8::1", 4433, 0, 2)]


@pytest.fixture
def relays() -> Iterator[tuple[Relay, Relay]]:
    """Two workers of one server."""
    made = Relay(b"secret"), Relay(b"secret")
    yield made
    for each in made:
        each.close()


def test_an_id_leads_to_the_worker_that_made_it(relays: tuple[Relay, Relay]) -> None:
    one, other = relays
    name = one.name()
    assert len(name) == ID_LENGTH
    assert one.name() != name
    assert one.port_of(name) is None
    assert other.port_of(name) == one.socket.getsockname()[1]


def test_an_id_that_no_worker_has_made_leads_nowhere(relays: tuple[Relay, Relay]) -> None:
    one, other = relays
    name = one.name()
    changed = [
        bytes([name[0], name[1] ^ 1]) + name[2:],
        name[:-1] + bytes([name[-1] ^ 1]),
        name[:8],
    ]
    assert [other.port_of(each) for each in (*changed, b"")] == [None] * 4
    stranger = Relay(b"another secret")
    assert stranger.port_of(name) is None
    stranger.close()


@pytest.mark.parametrize("client", CLIENTS, ids=["IPv4", "IPv6"])
def test_a_datagram_is_handed_over_with_its_client(
    relays: tuple[Relay, Relay], client: tuple[str | int, ...]
) -> None:
    one, other = relays
    port = one.port_of(other.name())
    assert port is not None
    one.hand_over(port, b"data", client)
    assert other.read() == (b"data", client)
    with pytest.raises(BlockingIOError):
        other.read()


def test_what_nobody_of_us_has_handed_over_is_not_believed(relays: tuple[Relay, Relay]) -> None:
    _, other = relays
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for said in (b"", b"x" * 16, b"x" * 16 + b"\0\2[]data"):
            stranger.sendto(said, other.socket.getsockname())
            assert other.read() is None


def test_a_worker_that_has_gone_is_no_fault(relays: tuple[Relay, Relay]) -> None:
    one, _ = relays
    gone = Relay(b"secret")
    port = one.port_of(gone.name())
    gone.close()
    assert port is not None
    for _ in range(3):
        one.hand_over(port, b"data", CLIENTS[0])
