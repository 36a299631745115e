from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from zenith_server.runner.sockets import AddressError, activated, inherited, remove, unix


def test_a_socket_of_the_file_system_has_its_mode_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with unix(path, 0o600, 16) as listener:
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        remove(listener)
    assert not path.exists()


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    unix(path, 0o600, 16).close()


def test_a_socket_that_is_answered_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with unix(path, 0o600, 16), pytest.raises(AddressError, match="Somebody listens on"):
        unix(path, 0o600, 16)


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(AddressError, match="is no socket"):
        unix(path, 0o600, 16)
    assert path.read_text() == "precious"


def test_a_path_that_cannot_be_is_explained(tmp_path: Path) -> None:
    with pytest.raises(AddressError, match="cannot be opened"):
        unix(tmp_path / "none" / "s", 0o600, 16)


def test_an_inherited_socket_is_listened_on() -> None:
    given = socket.socket()
    given.bind(("127.0.0.1", 0))
    with inherited(given.detach(), 16) as listener:
        socket.create_connection(listener.getsockname()).close()
        assert not listener.get_inheritable()


def test_a_descriptor_that_is_no_stream_socket_is_explained(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(AddressError, match="no socket"):
        inherited(file.fileno(), 16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(AddressError, match="of another kind"):
            inherited(datagrams.fileno(), 16)
        assert datagrams.getsockname()


def test_what_the_service_manager_hands_over_is_taken_once() -> None:
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}
    assert activated(environ) == 3
    assert environ == {}
    assert activated(environ) is None


def test_what_was_meant_for_another_process_is_left() -> None:
    assert activated({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None


def test_several_sockets_are_refused() -> None:
    with pytest.raises(AddressError, match="handed over 2 sockets"):
        activated({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"})
