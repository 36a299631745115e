"""The fork server alone; what workers do is tested end to end."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.runner.serving import REPOSITORY
from zenith_server.runner.forkserver import preload


@contextmanager
def fork_server() -> Iterator[tuple[socket.socket, subprocess.Popen[str]]]:
    ours, theirs = socket.socketpair()
    source = f"from zenith_server.runner.forkserver import main; main({theirs.fileno()})"
    command = [sys.executable, "-c", source]
    with (
        ours,
        subprocess.Popen(
            command, pass_fds=[theirs.fileno()], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        theirs.close()
        try:
            yield ours, process
        finally:
            process.kill()


def fork(supervisor: socket.socket) -> socket.socket:
    """Ask for a worker and return our end of its channel."""
    ours, theirs = socket.socketpair()
    request = {"type": "fork", "id": 1, "descriptors": 2}
    with theirs:
        descriptors = [theirs.fileno(), theirs.fileno()]
        socket.send_fds(supervisor, [json.dumps(request).encode() + b"\n"], descriptors)
    return ours


def test_it_ends_with_the_supervisor() -> None:
    with fork_server() as (supervisor, process):
        supervisor.close()
        assert process.wait(30) == 0


def test_it_ends_with_a_supervisor_that_did_not_listen_to_the_end() -> None:
    with fork_server() as (supervisor, process), fork(supervisor):
        assert select.select([supervisor], [], [], 30)[0]
        supervisor.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_the_whole_group_do_not_end_it(number: signal.Signals) -> None:
    with fork_server() as (supervisor, process):
        channel = fork(supervisor)
        assert json.loads(supervisor.recv(4096))["type"] == "forked"
        os.kill(process.pid, number)
        channel.close()
        assert json.loads(supervisor.recv(4096)) == {"type": "exited", "id": 1, "code": 1}
        supervisor.close()
        assert process.wait(30) == 0


def test_an_unknown_request_is_a_fault_of_ours() -> None:
    with fork_server() as (supervisor, process):
        supervisor.sendall(b'{"type": "dance"}\n')
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert "unknown request {'type': 'dance'}" in process.stderr.read()


def test_a_module_that_cannot_be_imported_is_left_for_the_worker_to_report() -> None:
    preload(["json", "a_module_that_is_not_there"])
    assert "a_module_that_is_not_there" not in sys.modules
