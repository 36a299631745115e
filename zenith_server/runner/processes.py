"""The supervisor's side of the fork server: asking for processes and hearing what they say."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from zenith_server.figures import Family, read
from zenith_server.runner.channel import LINE_LIMIT, Job, Message, decode, encode, encode_job
from zenith_server.runner.headstart import take
from zenith_server.runner.program import Facts
from zenith_server.runner.pulse import Counts, Pulse, memory

_START = """\
import sys
sys.path[:] = {path!r}
from zenith_server.runner.forkserver import main
main({descriptor})
"""
# The exit code of a process whose parent, the fork server, died before it could tell.
_UNKNOWN = 255
_LAST_WORDS = 0.5


class Process:
    """A worker as the supervisor sees it.

    Attributes:
        forked: set once the fork server has made the process.
        retired: set once it takes no new connections any more.
        outcome: how its start went: `ready` or `failed`; if it dies without a word,
            `{"type": "died"}` with its exit `code`.
        prepared: the rows for the banner, once it has nothing to prepare (any more).
        preparing: whether it is at that, and must not be cut off.
        opened: whether it was told to accept connections, and so may have requests.
        about: what it serves, told a moment after it began to; nothing if it died before.
        gone: the exit code, once the process has ended.
        stopping: whether it was told to stop, so that its end is no surprise.
        leaving: called when it has been asked to stop by someone else.
        asked: called when somebody has asked it for the figures of all workers.
        families: the figures that it told last.
        complaint: what went wrong after it had been ready, in its own words.
        condemned: whether it is killed, or will be as soon as it exists.
        pulse: what it shows of itself.
        memory: what it occupied when it was last looked at, in bytes.
        blocked: whether its event loop does not run.
        leaving_soon: whether another is to take its place.
    """

    def __init__(self, ticket: int, job: Job, end: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.pulse = Pulse(memory())
        self._last_counts = Counts()
        self.born = time.monotonic()
        self.memory = 0
        self.blocked = False
        self.leaving_soon = False
        self.ticket = ticket
        self.job = job
        self.pid = 0
        self.generation = 0
        self.ready_at: float | None = None
        self.stopping = False
        self.preparing = False
        self.opened = False
        self.condemned = False
        self.complaint = ""
        self.leaving: Callable[[Process], None] = _nobody_listens
        self.asked: Callable[[Process], None] = _nobody_listens
        self.families: list[Family] = []
        self._counted = asyncio.Event()
        self.forked = asyncio.Event()
        self.retired = asyncio.Event()
        self.outcome: asyncio.Future[Message] = loop.create_future()
        self.about: asyncio.Future[Message] = loop.create_future()
        self.prepared: asyncio.Future[Facts] = loop.create_future()
        self.gone: asyncio.Future[int] = loop.create_future()
        self._end = end
        self._writer: asyncio.StreamWriter | None = None
        self.listening = loop.create_task(self._listen())

    async def _listen(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._end, limit=LINE_LIMIT)
        self._writer.write(encode_job(self.job))
        # An end in the middle of a line, or nonsense: the exit code tells the rest.
        with suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                self._hear(decode(line))

    def _hear(self, message: Message) -> None:
        kind = message.get("type")
        if kind in ("loaded", "prepared", "opening"):
            self._go_on(message)
        elif kind == "about":
            self.about.set_result(message)
        elif kind in ("ready", "failed") and not self.outcome.done():
            self.ready_at = time.monotonic() if kind == "ready" else None
            self.outcome.set_result(message)
        elif kind == "leaving":
            self.leaving(self)
        elif kind == "retired":
            self.retired.set()
        elif kind == "figures":
            self.asked(self)
        elif kind == "counted":
            self.families = read(cast("list[list[object]]", message["families"]))
            self._counted.set()
        elif kind == "failed":
            self.complaint = str(message.get("text", ""))

    def _go_on(self, message: Message) -> None:
        """Let it prepare, and then serve, or end if nobody wants it any more."""
        kind = message["type"]
        self.preparing = kind == "loaded"
        if kind == "prepared":
            rows = cast("list[list[str]]", message["facts"])
            self.prepared.set_result(tuple((name, value) for name, value in rows))
        self.opened = kind == "opening" and not self.stopping
        self.tell({"type": "stop" if self.stopping else "go"})

    def tell(self, message: Message) -> None:
        """Send the worker an order; one that has gone does not hear it."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(message))

    async def count(self) -> None:
        """Have the worker tell its figures, and wait for them."""
        self._counted.clear()
        self.tell({"type": "count"})
        await self._counted.wait()

    @property
    def serving(self) -> bool:
        """Whether it was ready, and has neither ended nor been told to stop."""
        return self.ready_at is not None and not self.stopping and not self.gone.done()

    @property
    def serves_project(self) -> bool:
        """Whether it serves the project, and not a stand-in."""
        return self.serving and self.job.task == "serve"

    @property
    def counts(self) -> Counts:
        """What it has to do, or had when it ended."""
        return self._last_counts if self.gone.done() else self.pulse.counts

    @property
    def steady_for(self) -> float:
        """Seconds since it was ready; 0 if it never was."""
        return 0.0 if self.ready_at is None else time.monotonic() - self.ready_at

    async def ended(self, code: int) -> None:
        """Take note that the process has ended, after everything it said has been heard."""
        await asyncio.wait({self.listening}, timeout=_LAST_WORDS)
        self.listening.cancel()
        if self._writer is not None:
            self._writer.close()
        if not self.outcome.done():
            self.outcome.set_result({"type": "died", "code": code})
        if not self.prepared.done():
            self.prepared.set_result(())
        if not self.about.done():
            self.about.set_result({})
        self.retired.set()
        self._counted.set()
        if not self.gone.done():
            self._last_counts = self.pulse.counts
            self.gone.set_result(code)
            self.pulse.close()


class ForkServer:
    """A running fork server; closing it ends every process that came from it.

    Args:
        inherited: the sockets that each process gets, the listening one first.

    Attributes:
        lost: set when it has died.
    """

    def __init__(self, inherited: Sequence[socket.socket]) -> None:
        self._inherited = inherited
        self._socket, self._wait = _taken() or _begun()
        self._tickets = itertools.count(1)
        self._processes: dict[int, Process] = {}
        self._preloaded: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = asyncio.Event()
        self._spawn(self._listen())

    def preload(self, modules: Iterable[str]) -> None:
        """Have the fork server import libraries, for every process forked after this."""
        new = [module for module in modules if module not in self._preloaded]
        if new:
            self._preloaded.update(new)
            self._send({"type": "preload", "modules": " ".join(new)})

    def fork(self, job: Job) -> Process:
        """Start a process on a job."""
        ours, theirs = socket.socketpair()
        process = Process(next(self._tickets), job, ours)
        self._processes[process.ticket] = process
        sockets = [each.fileno() for each in self._inherited]
        descriptors = [theirs.fileno(), process.pulse.descriptor, *sockets]
        request: Message = {"type": "fork", "id": process.ticket, "descriptors": len(descriptors)}
        self._send(request, descriptors)
        theirs.close()
        if self.lost.is_set():
            self._spawn(process.ended(_UNKNOWN))
        return process

    def signal(self, process: Process, number: signal.Signals) -> None:
        """Send a process a signal, through its parent, which knows if the pid is still its own."""
        if process.gone.done():
            return
        process.condemned = process.condemned or number == signal.SIGKILL
        if not process.forked.is_set():
            return
        if self._processes.get(process.ticket) is process and not self.lost.is_set():
            self._send({"type": "kill", "pid": process.pid, "signal": int(number)})
        else:
            # Its fork server has died: nobody but the system knows it now.
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def _send(self, request: Message, descriptors: Iterable[int] = ()) -> None:
        line = json.dumps(request).encode() + b"\n"
        # When the fork server has died, `_listen` learns it too and tells.
        with suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self._socket, [line], list(descriptors))

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._socket.dup(), limit=LINE_LIMIT)
        with suppress(ConnectionError):
            while line := await reader.readline():
                self._hear(decode(line))
        writer.close()
        self.lost.set()
        for process in self._processes.values():
            self._spawn(_end_with_channel(process))

    def _hear(self, message: Message) -> None:
        process = self._processes[cast("int", message["id"])]
        if message["type"] == "exited":
            del self._processes[process.ticket]
            self._spawn(process.ended(cast("int", message["code"])))
            return
        process.pid = cast("int", message["pid"])
        process.forked.set()
        if process.condemned:
            self.signal(process, signal.SIGKILL)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End the fork server and what is left of its processes."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        await self.lost.wait()
        self._socket.close()
        # Whoever collects orphans may have been faster.
        with suppress(ChildProcessError):
            await asyncio.to_thread(self._wait)


Begun = tuple[socket.socket, Callable[[], object]]
"""Our end of a fork server's socket pair, and what waits for its end."""


def _taken() -> Begun | None:
    """Take the fork server that has a head start, if there is one."""
    taken = take()
    return (taken[1], partial(os.waitpid, taken[0], 0)) if taken else None


def _begun() -> Begun:
    """Start a fork server from nothing."""
    import subprocess

    ours, theirs = socket.socketpair()
    source = _START.format(path=sys.path, descriptor=theirs.fileno())
    with theirs:
        command = [sys.executable, "-c", source]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])  # noqa: S603
    return ours, process.wait


async def _end_with_channel(process: Process) -> None:
    """Tell the end of a process by its channel alone, once its parent has died.

    How it ended is not known then; that it did what it was asked to is assumed.
    """
    if process.forked.is_set():
        await asyncio.wait({process.listening})
    obeyed = process.stopping and not process.condemned
    await process.ended(0 if obeyed else _UNKNOWN)


def _nobody_listens(process: Process) -> None:
    """Ignore what a process wants before it counts among the workers."""
