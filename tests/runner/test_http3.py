from __future__ import annotations

import socket
from importlib import metadata
from pathlib import Path

import pytest

from tests.runner.program import settings_from
from zenith_server.errors import ProjectError
from zenith_server.runner import http3
from zenith_server.runner.listener import listen
from zenith_server.settings import Settings


@pytest.fixture
def asked(tmp_path: Path) -> Settings:
    return settings_from(tmp_path, {"http3": True})


def test_where_it_is_not_asked_for_nothing_is_opened(tmp_path: Path) -> None:
    settings = settings_from(tmp_path, {})
    http3.check(settings)
    with listen("127.0.0.1", 0, 1) as listener:
        assert list(http3.open_sockets(listener, settings)) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
def test_the_port_is_that_of_tcp(asked: Settings, host: str) -> None:
    try:
        listener = listen(host, 0, 1)
    except ProjectError:
        pytest.skip("no IPv6 here")
    with listener:
        (opened,) = http3.open_sockets(listener, asked)
        with opened:
            assert opened.getsockname()[:2] == listener.getsockname()[:2]
            assert opened.type == socket.SOCK_DGRAM
            assert not opened.getblocking()


def test_a_port_that_is_in_use_is_told(asked: Settings) -> None:
    with listen("127.0.0.1", 0, 1) as listener:
        port = listener.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))
            with pytest.raises(ProjectError) as raised:
                list(http3.open_sockets(listener, asked))
    assert str(raised.value).startswith(f"UDP port {port} is already in use")


def test_a_unix_socket_has_no_port(asked: Settings, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, pytest.raises(ProjectError) as raised:
        list(http3.open_sockets(listener, asked))
    assert str(raised.value).startswith("HTTP/3 needs a port")


def test_the_missing_library_is_named(asked: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(ProjectError) as raised:
        http3.check(asked)
    assert "pip install 'zenith-server[http3]'" in str(raised.value)


def test_another_version_is_not_trusted(asked: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _name: "1.8.0")
    with pytest.raises(ProjectError) as raised:
        http3.check(asked)
    assert str(raised.value).startswith("HTTP/3 is not served with aioquic 1.8.0")
