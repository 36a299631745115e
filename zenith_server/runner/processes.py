"""The supervisor's side of the fork server: asking for processes and hearing what they say."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import cast

from zenith_server.runner.channel import (
    LINE_LIMIT,
    Job,
    Message,
    decode,
    encode,
    encode_job,
)

_START = """\
import sys
sys.path[:] = {path!r}
from zenith_server.runner.forkserver import main
main({descriptor})
"""
_LOST = -1


class Process:
    """A worker as the supervisor sees it.

    Attributes:
        outcome: the first thing that the worker says: `ready`, `done` or `failed`; if it dies
            without a word, `{"type": "died"}` with its exit `code`.
        forked: set once the fork server has made the process.
        gone: the exit code, once the process has ended.
        stopping: whether it was told to stop, so that its end is no surprise.
        complaint: what went wrong after it had been ready, in its own words.
    """

    def __init__(self, ticket: int, job: Job, end: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.ticket = ticket
        self.job = job
        self.pid = 0
        self.started = time.monotonic()
        self.ready_at: float | None = None
        self.stopping = False
        self.generation = 0
        self.complaint = ""
        self._writer: asyncio.StreamWriter | None = None
        self.forked = asyncio.Event()
        self.outcome: asyncio.Future[Message] = loop.create_future()
        self.gone: asyncio.Future[int] = loop.create_future()
        self._end = end
        self._listening = loop.create_task(self._listen())

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._end, limit=LINE_LIMIT)
        self._writer = writer
        writer.write(encode_job(self.job))
        try:
            while line := await reader.readline():
                self._hear(decode(line))
        except (ConnectionResetError, BrokenPipeError, ValueError):
            # The worker died, or talks nonsense: its exit code tells the rest.
            return

    def _hear(self, message: Message) -> None:
        kind = message.get("type")
        if kind in ("ready", "done", "failed") and not self.outcome.done():
            self.ready_at = time.monotonic() if kind == "ready" else None
            self.outcome.set_result(message)
        elif kind == "failed":
            self.complaint = str(message.get("text", ""))

    def tell(self, message: Message) -> None:
        """Send the worker an order; one that has gone does not hear it."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(message))

    @property
    def serving(self) -> bool:
        """Whether it was ready, and has neither ended nor been told to stop."""
        return self.ready_at is not None and not self.stopping and not self.gone.done()

    @property
    def steady_for(self) -> float:
        """Seconds since it was ready; 0 if it never was."""
        return 0.0 if self.ready_at is None else time.monotonic() - self.ready_at

    async def ended(self, code: int) -> None:
        """Take note that the process has ended, after everything it said has been heard."""
        await asyncio.wait({self._listening}, timeout=0.5)
        self._listening.cancel()
        if self._writer is not None:
            self._writer.close()
        if not self.outcome.done():
            self.outcome.set_result({"type": "died", "code": code})
        if not self.gone.done():
            self.gone.set_result(code)


class ForkServer:
    """A running fork server; closing it ends every process that came from it.

    Args:
        inherited: the descriptor that each process gets, the listening socket.
    """

    def __init__(self, inherited: socket.socket) -> None:
        self._inherited = inherited
        ours, theirs = socket.socketpair()
        source = _START.format(path=sys.path, descriptor=theirs.fileno())
        command = [sys.executable, "-c", source]
        self._process = subprocess.Popen(  # noqa: S603
            command, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self._socket = ours
        self._tickets = itertools.count(1)
        self._processes: dict[int, Process] = {}
        self._by_pid: dict[int, Process] = {}
        self._preloaded: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._listening = asyncio.get_running_loop().create_task(self._listen())
        self.lost = asyncio.Event()

    def preload(self, modules: Iterable[str]) -> None:
        """Have the fork server import libraries, for every process forked after this."""
        new = [module for module in modules if module not in self._preloaded]
        if new:
            self._preloaded.update(new)
            self._send({"type": "preload", "modules": " ".join(new)})

    def fork(self, job: Job) -> Process:
        """Start a process on a job."""
        ours, theirs = socket.socketpair()
        ticket = next(self._tickets)
        process = Process(ticket, job, ours)
        self._processes[ticket] = process
        descriptors = [theirs.fileno(), self._inherited.fileno()]
        self._send({"type": "fork", "id": ticket, "descriptors": len(descriptors)}, descriptors)
        theirs.close()
        return process

    def signal(self, process: Process, number: signal.Signals) -> None:
        """Send a process a signal, through its parent, which knows if the pid is still its own."""
        if process.pid and not process.gone.done():
            self._send({"type": "kill", "pid": process.pid, "signal": int(number)})

    def _send(self, request: Message, descriptors: Iterable[int] = ()) -> None:
        line = json.dumps(request).encode() + b"\n"
        try:
            socket.send_fds(self._socket, [line], list(descriptors))
        except (BrokenPipeError, ConnectionResetError):
            # The fork server has died; `_listen` sees the same and tells.
            return

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._socket.dup(), limit=LINE_LIMIT)
        while line := await reader.readline():
            self._hear(decode(line))
        writer.close()
        for process in self._processes.values():
            self._end(process, _LOST)
        self.lost.set()

    def _hear(self, message: Message) -> None:
        if message["type"] == "forked":
            process = self._processes[cast("int", message["id"])]
            process.pid = cast("int", message["pid"])
            process.forked.set()
            self._by_pid[process.pid] = process
        else:
            process = self._by_pid.pop(cast("int", message["pid"]))
            del self._processes[process.ticket]
            self._end(process, cast("int", message["code"]))

    def _end(self, process: Process, code: int) -> None:
        task = asyncio.get_running_loop().create_task(process.ended(code))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the fork server and what is left of its processes."""
        self._socket.shutdown(socket.SHUT_RDWR)
        await self._listening
        self._socket.close()
        await asyncio.to_thread(self._process.wait)
