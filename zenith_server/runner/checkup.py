"""A look at every worker, several times a second: does its loop run, and has it grown too much?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from zenith_server.errors import Fault
from zenith_server.runner.banner import Report
from zenith_server.runner.crew import Crew
from zenith_server.runner.footprint import resident
from zenith_server.runner.processes import Process
from zenith_server.runner.pulse import BEAT, Frame
from zenith_server.runner.workers import Workers
from zenith_server.sources import is_project

# How long a loop may be silent before it counts as blocked, in seconds, and before the others are
# left to accept connections.
NOTICE = 1.0
PAUSE = 0.3
_WEIGH = 1.0
# A stack is written within milliseconds, or not at all.
_CONFESSION = 0.5
# The same place is named once in this time: a slow handler must not fill the log.
_AGAIN = 60.0
# Each worker's limit of requests is its own, so that those that started together leave apart.
_JITTER = 0.1
_MIB = 1024 * 1024


class _Record(Struct):
    """What is remembered of one worker.

    Args:
        first_memory: what it used when it was first looked at, in bytes.
        share: by what its limit of requests is multiplied.
        silent_since: the last beat before the silence that has been noticed; 0 if there is none.
        paused: whether it was told to accept nothing.
    """

    first_memory: int
    share: float = field(default_factory=lambda: random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
    silent_since: float = 0.0
    paused: bool = False


class Checkup:
    """Notices workers that are blocked or due, and sees to both.

    Args:
        workers: the processes that there are.
        crew: asked to exchange those that are due.
        report: where to say what happens.
        clock: seconds, the same for all processes.
    """

    def __init__(
        self,
        workers: Workers,
        crew: Crew,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._crew = crew
        self._report = report
        self._clock = clock
        self._records: dict[Process, _Record] = {}
        self._told: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looked = self._awake_since = self._weighed = clock()

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await asyncio.sleep(BEAT)
            self.look()

    def look(self) -> None:
        """Look at every worker that serves."""
        now = self._clock()
        if now - self._looked > NOTICE / 2:
            # We were held up ourselves, perhaps with all others: a laptop slept, a debugger waits.
            self._awake_since = now
        self._looked = now
        serving = self._workers.serving_project
        self._records = {worker: self._record(worker) for worker in serving}
        for worker, record in self._records.items():
            self._listen_to(worker, record, now)
        if now - self._weighed >= _WEIGH:
            self._weighed = now
            self._weigh()

    def _record(self, worker: Process) -> _Record:
        return self._records.get(worker) or _Record(resident(worker.pid))

    # Loops that do not run

    def _listen_to(self, worker: Process, record: _Record, now: float) -> None:
        beat = worker.pulse.last_beat
        silence = now - max(beat, self._awake_since)
        limit = worker.job.settings.server.worker_timeout
        worker.blocked = silence > NOTICE
        if (silence > PAUSE) is not record.paused:
            self._pause(worker, record)
        if record.silent_since and beat > record.silent_since:
            lasted = beat - record.silent_since
            self._report.note(f"worker {worker.pid} answers again, after {lasted:.1f} s")
            record.silent_since = 0.0
        if limit and silence > limit:
            self._report.note(
                f"worker {worker.pid} was blocked for {silence:.1f} s (server.worker_timeout)"
            )
            self._workers.put_down(worker)
        elif worker.blocked and not record.silent_since:
            record.silent_since = beat
            task = asyncio.ensure_future(self._tell(worker, record, beat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pause(self, worker: Process, record: _Record) -> None:
        """Let those accept connections whose loop runs, if there are any."""
        others = [each for other, each in self._records.items() if other is not worker]
        if record.paused or not all(other.paused for other in others):
            record.paused = not record.paused
            worker.tell({"type": "pause" if record.paused else "resume"})

    async def _tell(self, worker: Process, record: _Record, beat: float) -> None:
        """Say where a loop is blocked, unless it has gone on meanwhile."""
        frames = await self._stack_of(worker)
        if worker.gone.done() or worker.pulse.last_beat > beat:
            return
        silence = self._clock() - beat
        fault = blocked(worker.pid, silence, frames, worker.job.settings.root)
        place = fault.where[0]
        if self._clock() - self._told.get(place, -_AGAIN) >= _AGAIN:
            self._told[place] = self._clock()
            self._report.failed(str(fault))

    async def _stack_of(self, worker: Process) -> list[Frame]:
        self._workers.signal(worker, worker.pulse.prepare_stack())
        deadline = self._clock() + _CONFESSION
        known = -1
        while self._clock() < deadline and not worker.gone.done():
            await asyncio.sleep(0.02)
            frames = worker.pulse.stack()
            if len(frames) == known > 0:
                return frames
            known = len(frames)
        return []

    # Workers that are due

    def _weigh(self) -> None:
        for worker, record in self._records.items():
            worker.memory = resident(worker.pid)
            why = self._due(worker, record)
            if why:
                self._crew.exchange(worker, why)

    def _due(self, worker: Process, record: _Record) -> str:
        server = worker.job.settings.server
        requests, memory = worker.counts.requests, worker.memory
        if server.max_requests and requests >= server.max_requests * record.share:
            return f"has had {requests} requests (server.max_requests)"
        if not server.max_memory or memory < server.max_memory:
            return ""
        if record.first_memory < server.max_memory:
            return f"uses {memory // _MIB} MiB (server.max_memory)"
        self._tell_once_that_it_is_too_little(server.max_memory, record.first_memory)
        return ""

    def _tell_once_that_it_is_too_little(self, limit: int, first: int) -> None:
        if "max_memory" not in self._told:
            self._told["max_memory"] = self._clock()
            self._report.warned(
                Fault(
                    f"A worker uses {first // _MIB} MiB when it starts",
                    (f"server.max_memory is {limit // _MIB} MiB",),
                    fixes=(
                        "Set server.max_memory higher; until then no worker is exchanged for it.",
                    ),
                )
            )


def blocked(pid: int, silence: float, frames: list[Frame], root: Path) -> Fault:
    """Return what to tell about a blocked loop: the project's own lines first, innermost first.

    Example:
        >>> frame = Frame("/shop/routes/report.py", 12, "get")
        >>> print(blocked(70, 1.23, [frame], Path("/shop")).where[0])
        routes/report.py:12 in get
    """
    ours = [frame for frame in frames if is_project(frame.file, root)]
    others = [frame for frame in frames[:1] if frame not in ours]
    where = [_place(frame, root) for frame in (*ours, *others)]
    return Fault(
        f"Worker {pid} has answered nobody for {silence:.1f} s: its event loop is blocked",
        tuple(where) or ("a place that is not known: the process told no stack",),
        "What waits or calculates for long inside async code holds up every request of its worker.",
        (
            "Write the handler with def in place of async def: it then runs in a thread.",
            "Or hand the call to a thread: await asyncio.to_thread(…).",
        ),
    )


def _place(frame: Frame, root: Path) -> str:
    file = Path(frame.file)
    with suppress(ValueError):
        file = file.resolve().relative_to(root.resolve())
    return f"{file}:{frame.line} in {frame.function}"
