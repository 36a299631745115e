"""Processes that nobody wants any more, at the moment in which they begin to serve."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from tests.projects import write_project
from zenith_server.environment import Environment
from zenith_server.runner.listener import listen
from zenith_server.runner.program import Limits, Program
from zenith_server.runner.workers import Workers
from zenith_server.settings import Settings, read_settings

SLOW = "import asyncio\n\nasync def get():\n    await asyncio.sleep(3)\n    return 'hello'\n"


def settings_of(folder: Path) -> Settings:
    write_project(folder, {"routes/index.py": SLOW})
    return read_settings(folder, environment=Environment("test", "from the test"), environ={})


def nobody(*_: object) -> None: ...


def ask(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, 30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return client.recv(4096)


@pytest.mark.timeout(120)
async def test_a_worker_that_is_ended_as_it_begins_to_serve_ends_no_request(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0, 16) as listener:
        workers = Workers([listener], Program(), Limits(), nobody, nobody, nobody)
        settings = settings_of(tmp_path)
        asking = asyncio.create_task(asyncio.to_thread(ask, listener.getsockname()))
        unwanted = workers.fork("serve", settings)
        waiting = asyncio.create_task(workers.ready([unwanted]))
        await unwanted.forked.wait()
        await asyncio.sleep(0.1)
        # The supervisor is busy, and hears nothing of what the worker says meanwhile.
        time.sleep(2.5)  # noqa: ASYNC251
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await workers.start(1, "serve", settings)
        assert (await asking).startswith(b"HTTP/1.1 200")
        await workers.stop()
        await workers.fork_server.close()
