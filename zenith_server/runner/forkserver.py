"""The fork server: a process with libraries loaded and nothing else, from which workers are forked.

It talks with the supervisor over one socket: JSON lines in both directions, and the descriptors
of a new worker alongside the request for it. When the supervisor's end closes, however the
supervisor died, the fork server ends every worker and then itself: no orphans, even where a
worker's event loop is blocked.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

_LINE = 65_536
_MAX_DESCRIPTORS = 8
_LAST_CHANCE = 1.0
_THRESHOLDS = gc.get_threshold()


class _Forked(Exception):
    """We are the new worker, with these descriptors; unwinds out of the fork server's loop."""

    def __init__(self, descriptors: list[int]) -> None:
        super().__init__()
        self.descriptors = descriptors


class _ForkServer:
    def __init__(self, supervisor: socket.socket) -> None:
        self._supervisor = supervisor
        self._buffer = b""
        self._descriptors: list[int] = []
        self._children: dict[int, int] = {}

    def serve(self, wakeups: int) -> None:
        """Answer requests until the supervisor is gone."""
        poller = select.poll()
        poller.register(self._supervisor, select.POLLIN)
        poller.register(wakeups, select.POLLIN)
        while True:
            readable = {descriptor for descriptor, _ in poller.poll()}
            if wakeups in readable:
                os.read(wakeups, 4096)
                self._reap()
            if self._supervisor.fileno() in readable and not self._receive():
                return

    def _receive(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._supervisor, _LINE, _MAX_DESCRIPTORS)
        except ConnectionResetError:
            # The supervisor died without having read everything that we told it.
            return False
        self._descriptors += descriptors
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(data)

    def _obey(self, request: dict[str, object]) -> None:
        match request:
            case {"type": "preload", "modules": str(modules)}:
                preload(modules.split())
            case {"type": "fork", "id": int(ticket), "descriptors": int(count)}:
                self._fork(ticket, count)
            case {"type": "kill", "pid": int(pid), "signal": int(number)}:
                if pid in self._children:
                    os.kill(pid, number)
            case _:
                raise ValueError(f"fork server: unknown request {request}")

    def _fork(self, ticket: int, count: int) -> None:
        descriptors, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        pid = os.fork()
        if pid == 0:
            self._supervisor.close()
            raise _Forked(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self._children[pid] = ticket
        self._tell({"type": "forked", "id": ticket, "pid": pid})

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            ticket = self._children.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            self._tell({"type": "exited", "id": ticket, "code": code})

    def _tell(self, message: dict[str, object]) -> None:
        try:
            self._supervisor.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            # The supervisor has died; the next read says so and ends the loop.
            return

    def end_children(self) -> None:
        """Ask every worker to end, and kill what is left a moment later."""
        self._signal_children(signal.SIGTERM)
        deadline = time.monotonic() + _LAST_CHANCE
        while self._children and time.monotonic() < deadline:
            time.sleep(0.02)
            self._reap()
        self._signal_children(signal.SIGKILL)

    def _signal_children(self, number: signal.Signals) -> None:
        for pid in self._children:
            os.kill(pid, number)


def preload(modules: Iterable[str]) -> None:
    """Import libraries so that every later worker has them from the start.

    A module that cannot be imported here is left out: the worker that needs it says why.
    """
    for module in modules:
        if module not in sys.modules:
            try:
                import_module(module)
            except Exception:  # noqa: BLE001, S112
                continue
    gc.freeze()


def collect_again() -> None:
    """Leave what is there by now alone for good, and collect garbage among what comes.

    Where the project has settled how garbage is collected, that stays as it is.
    """
    gc.freeze()
    if gc.get_threshold()[0] == 0:
        gc.set_threshold(*_THRESHOLDS)


def main(descriptor: int, modules: Iterable[str] = ()) -> NoReturn:
    """Run the fork server on the inherited end of its socket pair, and the workers below it.

    Args:
        descriptor: that end.
        modules: libraries to load before anybody asks for them.
    """
    # Loading makes much and leaves nothing to collect; workers turn it on again once they have.
    gc.set_threshold(0)
    wakeups, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wakeups, False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, _no_action)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    preload(modules)
    server = _ForkServer(socket.socket(fileno=descriptor))
    try:
        server.serve(wakeups)
    except _Forked as forked:
        signal.set_wakeup_fd(-1)
        os.close(wakeups)
        os.close(wake)
        descriptors = forked.descriptors
    else:
        server.end_children()
        _end(0)
    _become_worker(descriptors)


def _become_worker(descriptors: list[int]) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    from zenith_server.runner.worker import main as work

    _end(work(*descriptors))


def _end(code: int) -> NoReturn:
    """End a worker: exit handlers and buffered output, but no tearing down of the interpreter.

    Threads of an engine written in Rust do not survive a teardown (they abort the process), and
    a stray thread of the project would hold it up for ever.
    """
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    # The terminal or the reader of the log may have gone.
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _no_action(_number: int, _frame: object) -> None:
    """Keep a signal of the terminal or the service manager from ending this process.

    Not SIG_IGN, which programs started by a worker would inherit.
    """
