from __future__ import annotations

import os
import socket

import pytest

from zenith_server.runner import listener
from zenith_server.runner.listener import AddressError, holder_of, listen, refuse_newcomers, url


def test_port_0_takes_a_free_port() -> None:
    with listen("127.0.0.1", 0, 16) as opened:
        assert url(opened) == f"http://127.0.0.1:{opened.getsockname()[1]}"
        assert opened.getsockname()[1] > 0


def test_an_ipv6_address_stands_in_brackets_in_its_url() -> None:
    with listen("::1", 0, 16) as opened:
        assert url(opened).startswith("http://[::1]:")


def test_every_ipv6_address_takes_ipv4_connections_too() -> None:
    with listen("::", 0, 16) as opened:
        socket.create_connection(("127.0.0.1", opened.getsockname()[1])).close()


def test_a_port_can_be_taken_again_at_once() -> None:
    with listen("127.0.0.1", 0, 16) as opened:
        port = opened.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = opened.accept()
        accepted.close()
        client.close()
    listen("127.0.0.1", port, 16).close()


def test_a_port_in_use_names_its_holder() -> None:
    with listen("127.0.0.1", 0, 16) as opened:
        port = opened.getsockname()[1]
        with pytest.raises(AddressError) as raised:
            listen("127.0.0.1", port, 16)
        assert holder_of(port).startswith(f"process {os.getpid()} (")
    assert str(raised.value).startswith(f"Port {port} is already in use\n")
    assert f"It is held by process {os.getpid()} (" in str(raised.value)


def test_a_holder_that_cannot_be_seen_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_port: int) -> str:
        return ""

    monkeypatch.setattr(listener, "holder_of", nobody)
    with listen("127.0.0.1", 0, 16) as opened, pytest.raises(AddressError) as raised:
        listen("127.0.0.1", opened.getsockname()[1], 16)
    assert "Another process listens on it." in str(raised.value)


def test_the_port_that_is_offered_is_free() -> None:
    with listen("127.0.0.1", 0, 16) as opened:
        port = opened.getsockname()[1]
        with pytest.raises(AddressError) as raised:
            listen("127.0.0.1", port, 16)
    (offered,) = [word for word in str(raised.value).split() if word.rstrip(".").isdigit()][-1:]
    assert int(offered.rstrip(".")) > port


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("no such host", 'The host "no such host" cannot be resolved'),
        ("192.0.2.1", 'The host "192.0.2.1" is not an address of this machine'),
    ],
)
def test_a_bad_host_is_explained(host: str, what: str) -> None:
    with pytest.raises(AddressError) as raised:
        listen(host, 0, 16)
    assert str(raised.value).startswith(what)
    assert "--host 127.0.0.1" in str(raised.value)


def test_a_privileged_port_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the system's answer is made up: tests may run as root, who may open any port."""

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listener, "_open", denied)
    with pytest.raises(AddressError, match="Port 80 may not be opened by this user"):
        listen("127.0.0.1", 80, 16)


@pytest.mark.skipif("sys.platform != 'linux'")
def test_newcomers_wait_while_those_who_have_come_are_accepted() -> None:
    with listen("127.0.0.1", 0, 16) as opened:
        address = opened.getsockname()
        with socket.create_connection(address) as early:
            refuse_newcomers(opened)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.2)
            accepted, _ = opened.accept()
            with accepted:
                accepted.sendall(b"welcome")
                assert early.recv(7) == b"welcome"
