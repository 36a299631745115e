"""The supervisor: holds the socket, keeps the workers, and never imports project code."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Coroutine, Iterable
from typing import Any, cast

from zenith_server.errors import ProjectError
from zenith_server.runner import watch
from zenith_server.runner.banner import Report, Serving
from zenith_server.runner.channel import Job, Message, Task
from zenith_server.runner.exits import Exit
from zenith_server.runner.listener import url
from zenith_server.runner.preload import first_libraries, forkable
from zenith_server.runner.processes import ForkServer, Process
from zenith_server.runner.program import Facts, Limits, Program, ReadSettings
from zenith_server.settings import Settings

_WORKER_END = 7.0


class _Failure(Exception):
    """The project does not start; the text is for the person who can mend it."""


class Supervisor:
    """Keeps a number of workers serving on one socket until it is told to stop.

    Args:
        listener: the socket, already listening.
        settings: the settings to start with; later ones come from `read_settings`.
        started: when the command was started, on the monotonic clock, for the banner.
    """

    def __init__(
        self,
        listener: socket.socket,
        settings: Settings,
        read_settings: ReadSettings,
        report: Report,
        *,
        program: Program,
        limits: Limits,
        started: float,
    ) -> None:
        self._listener = listener
        self._settings = settings
        self._read_settings = read_settings
        self._report = report
        self._program = program
        self._limits = limits
        self._started = started
        self._workers: set[Process] = set()
        self._generation = 0
        self._failed_starts = 0
        self._facts: Facts = ()
        self._needs_preparing = True
        self._announced = False
        self._changed: tuple[str, ...] = ()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._replacing: asyncio.Task[None] | None = None

    async def run(self) -> Exit:
        """Serve until told to stop, or until it is clear that serving is not possible."""
        self._finished: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._fork_server = ForkServer(self._listener)
        self._handle_signals()
        if self._reloads:
            self._spawn(self._watch())
        self._spawn(self._keep_fork_server())
        self._replace("start", self._settings)
        try:
            return await self._finished
        finally:
            self._stopping = True
            for task in self._tasks:
                task.cancel()
            await self._fork_server.close()

    # Starting and replacing workers

    @property
    def _reloads(self) -> bool:
        """Whether broken code is shown and waited for, not an end."""
        return self._settings.environment.name == "development" and self._settings.server.reload

    def _replace(self, cause: str, settings: Settings | None = None) -> None:
        """Put new workers in the place of those there are; a newer request ends an older one."""
        if self._replacing is not None:
            self._replacing.cancel()
        if not self._stopping:
            self._replacing = self._spawn(self._replacement(cause, settings))

    async def _replacement(self, cause: str, settings: Settings | None) -> None:
        began = time.monotonic()
        self._generation += 1
        try:
            self._settings = settings or self._read_settings()
            self._fork_server.preload(first_libraries(self._settings, self._program))
            await self._prepare()
            await self._start_workers()
        except (_Failure, ProjectError) as failure:
            await self._cannot_start(str(failure))
        else:
            self._announce(time.monotonic() - began, cause)

    async def _prepare(self) -> None:
        if not self._needs_preparing:
            return
        process = self._fork("prepare")
        stand_in = self._spawn(self._stand_in_for(process))
        try:
            outcome = await _outcome(process)
        finally:
            stand_in.cancel()
            self._kill_unless_done(process)
        self._facts = _facts(outcome)
        self._needs_preparing = False

    async def _stand_in_for(self, process: Process) -> None:
        """Answer on the port while the preparation takes long and nobody else serves."""
        await process.forked.wait()
        await asyncio.sleep(self._limits.standby)
        if not any(worker.serving for worker in self._workers):
            self._adopt(self._fork("standby"))

    async def _start_workers(self) -> None:
        """Start one worker, then the others, each wave taking the place of as many old ones.

        The first worker shows whether the project starts at all, and which libraries it needs:
        the fork server imports those before the others are forked. At the start the others come
        all at once; a replacement goes one by one, so that it never needs twice the memory.
        """
        others = self._settings.server.workers - 1
        rolling = any(worker.job.task == "serve" and worker.serving for worker in self._workers)
        for wave in [1, *([1] * others if rolling else [others] if others else [])]:
            await self._start_wave(wave)
            self._stop_old(wave)
        self._stop_old(len(self._workers))

    async def _start_wave(self, number: int) -> None:
        wave = [self._fork("serve") for _ in range(number)]
        try:
            outcomes = [await _outcome(worker) for worker in wave]
        except BaseException:
            for worker in wave:
                self._kill(worker)
            raise
        for worker in wave:
            self._adopt(worker)
        self._fork_server.preload(forkable(cast("list[str]", outcomes[0]["modules"])))
        self._ready = outcomes[0]

    def _fork(self, task: Task, message: str = "", settings: Settings | None = None) -> Process:
        job = Job(task, self._program, settings or self._settings, message, self._changed)
        process = self._fork_server.fork(job)
        process.generation = self._generation
        return process

    def _adopt(self, worker: Process) -> None:
        """Count a process among the workers, and notice when it ends."""
        self._workers.add(worker)
        self._spawn(self._mind(worker))

    def _stop_old(self, number: int) -> None:
        old = [worker for worker in self._workers if worker.generation != self._generation]
        for worker in sorted(old, key=lambda worker: worker.job.task == "serve")[:number]:
            self._ask_to_stop(worker, reload=self._reloads)
        for worker in [*self._workers]:
            if worker.job.task != "serve" and not worker.stopping and self._serves():
                self._ask_to_stop(worker, reload=True)

    def _serves(self) -> bool:
        return any(worker.job.task == "serve" and worker.serving for worker in self._workers)

    async def _cannot_start(self, text: str) -> None:
        """Give up at the start, keep what serves later; in development show it until mended."""
        self._report.failed(text)
        self._needs_preparing = True
        if self._reloads:
            await self._show_broken(text)
        elif self._serves():
            self._report.note("The workers that were serving go on serving.")
        else:
            self._finish(Exit.PROJECT)

    async def _show_broken(self, text: str) -> None:
        page = self._fork("broken", text)
        try:
            await _outcome(page)
        except BaseException:
            self._kill(page)
            raise
        self._adopt(page)
        for worker in [*self._workers]:
            if worker is not page:
                self._ask_to_stop(worker, reload=True)

    def _announce(self, seconds: float, cause: str) -> None:
        self._failed_starts = 0
        self._changed = ()
        if self._announced:
            self._report.reloaded(seconds, cause)
            return
        self._announced = True
        settings = self._settings
        self._report.serving(
            Serving(
                environment=settings.environment.name,
                reason=settings.environment.reason,
                url=url(self._listener),
                engine=str(self._ready["engine"]),
                workers=settings.server.workers,
                facts=(*self._facts, *_facts(self._ready)),
                seconds=time.monotonic() - self._started,
            )
        )

    # Workers that end

    async def _mind(self, worker: Process) -> None:
        code = await asyncio.shield(worker.gone)
        self._workers.discard(worker)
        if worker.complaint:
            self._report.failed(worker.complaint)
        if worker.stopping or self._stopping or worker.job.task != "serve":
            return
        self._report.note(f"worker {worker.pid} {_ending(code)}; starting another")
        if worker.steady_for >= self._limits.steady:
            self._failed_starts = 0
        else:
            self._count_failed_start()
        await self._respawn(worker)

    async def _respawn(self, lost: Process) -> None:
        """Put a worker in the place of one that died, trying again with growing pauses."""
        while lost.generation == self._generation and not self._stopping:
            await asyncio.sleep(self._pause())
            worker = self._fork("serve", settings=lost.job.settings)
            try:
                await _outcome(worker)
            except _Failure as failure:
                self._report.failed(str(failure))
                self._count_failed_start()
            else:
                self._adopt(worker)
                return

    def _pause(self) -> float:
        if self._failed_starts == 0:
            return 0.0
        return min(0.1 * 2.0**self._failed_starts, self._limits.backoff)

    def _count_failed_start(self) -> None:
        self._failed_starts += 1
        if self._failed_starts >= self._limits.attempts and not self._serves():
            self._report.failed(f"No worker stays alive: {self._failed_starts} failed in a row.")
            self._finish(Exit.CRASHED)

    async def _keep_fork_server(self) -> None:
        """Replace the fork server if it dies, and then the workers that it left behind."""
        await self._fork_server.lost.wait()
        if not self._stopping:
            self._report.note("the fork server died; starting another and replacing the workers")
            self._fork_server = ForkServer(self._listener)
            self._spawn(self._keep_fork_server())
            self._replace("fork server died")

    # Events from outside

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        loop.add_signal_handler(signal.SIGCHLD, _reap)
        self._had_terminal = _has_terminal()

    def _hang_up(self) -> None:
        """SIGHUP is a request to replace the workers, unless it says that our terminal closed."""
        if self._had_terminal and not _has_terminal():
            self._stop()
            return
        self._needs_preparing = True
        self._replace("SIGHUP")

    async def _watch(self) -> None:
        async for files in watch.changes(self._settings.root):
            if any(_concerns_preparation(file) for file in files):
                self._needs_preparing = True
            self._changed = (*self._changed, *files)
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            self._replace(f"{files[0]}{more}")

    # Stopping

    def _stop(self) -> None:
        if self._stopping:
            self._hurry()
            return
        self._stopping = True
        if self._replacing is not None:
            self._replacing.cancel()
        self._spawn(self._drain())

    async def _drain(self) -> None:
        for worker in self._workers:
            self._ask_to_stop(worker)
        ends = [worker.gone for worker in self._workers]
        if ends:
            server = self._settings.server
            await asyncio.wait(ends, timeout=server.lame_duck + server.grace + _WORKER_END)
        late = [worker for worker in self._workers if not worker.gone.done()]
        for worker in late:
            self._report.note(f"worker {worker.pid} did not stop in time and is killed")
            self._kill(worker)
        clean = not late and all(end.result() == 0 for end in ends)
        self._finish(Exit.STOPPED if clean else Exit.FORCED)

    def _hurry(self) -> None:
        """A second signal: no more waiting for requests, and a kill for what still hangs."""
        for worker in self._workers:
            worker.tell({"type": "hurry"})
        loop = asyncio.get_running_loop()
        loop.call_later(2 * self._limits.forced, self._kill_all, [*self._workers])

    def _ask_to_stop(self, worker: Process, *, reload: bool = False) -> None:
        if worker.stopping:
            return
        worker.stopping = True
        if worker.ready_at is None and not worker.outcome.done():
            self._kill(worker)
            return
        grace = self._limits.reload_grace
        quick: Message = {"lame_duck": 0, "settle": 0.05, "grace": grace}
        worker.tell({"type": "stop", **(quick if reload else {})})
        if reload:
            loop = asyncio.get_running_loop()
            loop.call_later(grace + _WORKER_END, self._kill_all, [worker])

    def _kill_all(self, workers: Iterable[Process]) -> None:
        for worker in workers:
            self._kill(worker)

    def _kill(self, process: Process) -> None:
        process.stopping = True
        self._spawn(self._kill_once_forked(process))

    async def _kill_once_forked(self, process: Process) -> None:
        await process.forked.wait()
        self._fork_server.signal(process, signal.SIGKILL)

    def _kill_unless_done(self, process: Process) -> None:
        if not process.outcome.done():
            self._kill(process)

    def _finish(self, code: Exit) -> None:
        if not self._finished.done():
            self._finished.set_result(code)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._finished.done():
            self._finished.set_exception(error)


async def _outcome(process: Process) -> Message:
    """Wait until a process says how its start went.

    Raises:
        _Failure: with the process's own words, or with how it died.
    """
    outcome = await asyncio.shield(process.outcome)
    if outcome["type"] == "failed":
        raise _Failure(str(outcome["text"]))
    if outcome["type"] == "died":
        ending = _ending(cast("int", outcome["code"]))
        raise _Failure(f"The process that loads the project {ending} before it could serve.")
    return outcome


def _facts(message: Message) -> Facts:
    return tuple((name, value) for name, value in cast("list[list[str]]", message["facts"]))


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"


def _concerns_preparation(file: str) -> bool:
    return file.startswith(("migrations", "zenith.yaml", ".env"))


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _reap() -> None:
    """Collect every ended child: as PID 1 of a container we inherit the orphans of others."""
    try:
        pid = -1
        while pid:
            pid, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return
