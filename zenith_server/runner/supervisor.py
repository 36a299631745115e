"""The supervisor: holds the socket, keeps the workers, and never imports project code."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, cast

from zenith_server.errors import ProjectError
from zenith_server.runner import watch
from zenith_server.runner.banner import Report, Serving
from zenith_server.runner.changes import Routes, changes
from zenith_server.runner.channel import Failed, Message
from zenith_server.runner.checkup import Checkup
from zenith_server.runner.control import Control, State
from zenith_server.runner.crew import Crew
from zenith_server.runner.exits import Exit
from zenith_server.runner.listener import url
from zenith_server.runner.orphans import has_terminal, reap
from zenith_server.runner.preload import ERROR_PAGE, first_libraries, forkable
from zenith_server.runner.processes import Process
from zenith_server.runner.program import Facts, Limits, Program, ReadSettings
from zenith_server.runner.scrapes import Scrapes
from zenith_server.runner.status import state_of
from zenith_server.runner.workers import StartError, Workers
from zenith_server.settings import Settings

_RETIRED = 1.0
# How far apart the signals to all processes of a group may arrive.
_TOGETHER = 0.1
"""Seconds for workers with old code to stop accepting; after that a reload is told anyway."""


class Supervisor:
    """Keeps a number of workers serving on one socket until it is told to stop.

    Args:
        sockets: the one that connections come by, already listening, and that for datagrams.
        settings: the settings to start with; later ones come from `read_settings`.
        started: when the command was started, on the monotonic clock, for the banner.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        settings: Settings,
        read_settings: ReadSettings,
        report: Report,
        *,
        program: Program,
        limits: Limits,
        started: float,
    ) -> None:
        self._sockets = sockets
        self._settings = settings
        self._read_settings = read_settings
        self._report = report
        self._program = program
        self._limits = limits
        self._started = started
        self._facts: Facts = ()
        self._routes: Routes = {}
        self._needs_preparing = True
        self._announced = False
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._replacing: asyncio.Task[None] | None = None

    async def run(self) -> Exit:
        """Serve until told to stop, or until it is clear that serving is not possible."""
        self._finished: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._workers = Workers(
            self._sockets, self._program, self._limits, self._ended, self._leaving, self._asked
        )
        self._scrapes = Scrapes(self._workers, self._spawn)
        self._crew = Crew(
            self._workers, self._settings, self._report, self._limits, self._spawn, self._gave_up
        )
        self._handle_signals()
        self._spawn(Checkup(self._workers, self._crew, self._report).run())
        control = Control(self._settings.root, self._state)
        await self._open(control)
        self._replace("start", self._settings)
        self._spawn(self._keep_fork_server())
        if self._shows_errors:
            self._spawn(self._watch())
        try:
            return await self._finished
        finally:
            self._stopping = True
            control.close()
            for task in self._tasks:
                task.cancel()
            await self._workers.fork_server.close()

    async def _open(self, control: Control) -> None:
        try:
            await control.open()
        except ProjectError as error:
            self._report.warned(error.faults[0])

    def _state(self) -> State:
        address = url(self._sockets[0])
        return state_of(self._workers, self._crew, self._settings, address, self._started)

    # Starting and replacing workers

    @property
    def _shows_errors(self) -> bool:
        """Whether broken code is shown and waited for, not an end."""
        return self._settings.environment.name == "development" and self._settings.server.reload

    def _replace(self, cause: str, settings: Settings | None = None) -> None:
        """Put new workers in the place of those there are; a newer request ends an older one."""
        if self._replacing is not None:
            self._replacing.cancel()
        if not self._stopping:
            self._crew.busy = True
            self._replacing = self._spawn(self._replacement(cause, settings))

    async def _replacement(self, cause: str, settings: Settings | None) -> None:
        began = time.monotonic()
        before = self._settings
        self._workers.generation += 1
        try:
            self._use(settings or self._read_settings())
            about = await self._start_workers()
            if self._shows_errors or not self._announced:
                # Whoever reads that it is ready is not to meet a stand-in or old code once more.
                await self._workers.retired(_RETIRED)
        except (StartError, ProjectError) as failure:
            await self._cannot_start(failure, before)
        else:
            self._serves(about, time.monotonic() - began, cause)
            self._resume()

    def _use(self, settings: Settings) -> None:
        was, now = self._settings.server, settings.server
        if (was.host, was.port, was.http3) != (now.host, now.port, now.http3):
            self._report.note(
                "server.host, server.port and server.http3 change when the server is started anew"
            )
        self._settings = settings
        self._crew.use(settings)
        self._workers.fork_server.preload(first_libraries(settings, self._program))

    async def _start_first(self) -> Process:
        """Start the worker that shows whether the project starts at all.

        It is also the one that prepares, where that is due: no other starts before it serves.
        """
        if not self._needs_preparing:
            return await self._workers.start(1, "serve", self._settings)
        first = await self._workers.fork_preparing(self._settings)
        stand_in = self._spawn(self._stand_in_for(first))
        try:
            await self._workers.ready([first])
        finally:
            stand_in.cancel()
        self._facts = first.prepared.result()
        self._needs_preparing = False
        return first

    async def _stand_in_for(self, process: Process) -> None:
        """Answer on the port while the first worker takes long and nobody else does."""
        await process.forked.wait()
        await asyncio.sleep(self._limits.standby)
        if not self._workers.answering:
            self._workers.adopt(self._workers.fork("standby", self._settings))

    async def _start_workers(self) -> Message:
        """Start one worker, then the others, each wave taking the place of as many old ones.

        The first worker shows which libraries the project needs: the fork server imports those
        before the others are forked. At the start the others come all at once; a replacement goes
        one by one, so that it never needs twice the memory.
        """
        others = self._settings.server.workers - 1
        waves = [1] * others if self._workers.serving else [others] if others else []
        about = await self._relieve(1, await self._start_first())
        for wave in waves:
            new = await self._workers.start(wave, "serve", self._settings)
            about = await self._relieve(wave, new)
        self._workers.retire(quickly=self._shows_errors)
        return about

    async def _relieve(self, number: int, by: Process) -> Message:
        """Let as many old workers leave as new ones serve; return what one of these says."""
        self._workers.retire(number, quickly=self._shows_errors)
        about = await asyncio.shield(by.about)
        modules = cast("list[str]", about.get("modules", []))
        self._workers.fork_server.preload(forkable(modules))
        return about

    def _serves(self, about: Message, seconds: float, cause: str) -> None:
        self._workers.changed = ()
        if self._shows_errors:
            self._workers.fork_server.preload(ERROR_PAGE)
        before, self._routes = self._routes, cast("Routes", about.get("routes", {}))
        if self._announced:
            self._report.reloaded(seconds, cause, changes(before, self._routes))
            return
        self._announced = True
        settings = self._settings
        self._report.serving(
            Serving(
                environment=settings.environment.name,
                reason=settings.environment.reason,
                url=url(self._sockets[0], is_secure=settings.server.certfile is not None),
                engine=str(about.get("engine", "")),
                workers=settings.server.workers,
                facts=(*_facts(about), *self._facts),
                seconds=time.monotonic() - self._started,
            )
        )

    def _resume(self) -> None:
        """Leave single workers to the crew again."""
        self._crew.busy = False
        self._crew.fill()

    async def _cannot_start(self, failure: StartError | ProjectError, before: Settings) -> None:
        """Give up at the start, keep what serves later; in development show it until mended."""
        self._report.failed(str(failure))
        self._needs_preparing = True
        if self._shows_errors:
            await self._show(_failed(failure))
        elif self._workers.serving:
            self._report.note("The workers that were serving go on serving.")
            self._settings = before
            self._crew.use(before)
            self._workers.keep()
            self._resume()
        else:
            self._finish(Exit.PROJECT)

    async def _show(self, failed: Failed) -> None:
        """Answer every request with what is wrong, until the next save that works."""
        self._workers.generation += 1
        self._workers.retire(quickly=True)
        await self._workers.start(1, "broken", self._settings, failed)

    # Workers that end

    def _asked(self, worker: Process) -> None:
        self._scrapes.asked(worker)

    def _ended(self, worker: Process, code: int) -> None:
        self._scrapes.ended(worker)
        self._crew.ended(worker, code)

    def _leaving(self, worker: Process) -> None:
        """Somebody asked one worker to stop: another takes its place first."""
        self._spawn(self._replace_if_alone(worker))

    async def _replace_if_alone(self, worker: Process) -> None:
        # A service manager or a terminal may have asked us all, and our own signal is on its way.
        await asyncio.sleep(_TOGETHER)
        if not self._stopping:
            self._crew.exchange(worker, "was asked to stop")

    def _gave_up(self, text: str) -> None:
        self._report.failed(text)
        if self._shows_errors:
            self._spawn(self._show(Failed(text)))
        else:
            self._finish(Exit.CRASHED)

    async def _keep_fork_server(self) -> None:
        """Replace the fork server whenever it dies, and then the workers that it left behind."""
        while not self._stopping:
            await self._workers.renew_fork_server()
            self._replace("the fork server died")

    # Events from outside

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        loop.add_signal_handler(signal.SIGTTIN, self._crew.grow)
        loop.add_signal_handler(signal.SIGTTOU, self._crew.shrink)
        loop.add_signal_handler(signal.SIGCHLD, reap)
        self._had_terminal = has_terminal()

    def _hang_up(self) -> None:
        """SIGHUP is a request to replace the workers, unless it says that our terminal closed."""
        if self._had_terminal and not has_terminal():
            self._stop()
            return
        self._needs_preparing = True
        self._replace("SIGHUP")

    async def _watch(self) -> None:
        async for saved in watch.changes(self._settings.root.resolve()):
            if not saved.code:
                self._workers.refresh(saved.pages)
                self._report.note(f"refreshed: {_listed(saved.pages)}")
                continue
            files = saved.code
            if any(_concerns_preparation(file) for file in files):
                self._needs_preparing = True
            self._workers.changed = (*self._workers.changed, *files)
            self._workers.hold()
            self._replace(_listed(files))

    def _stop(self) -> None:
        """Let requests end and stop; asked a second time, do not wait for them."""
        if self._stopping:
            self._workers.hurry()
            return
        self._stopping = self._crew.busy = True
        if self._replacing is not None:
            self._replacing.cancel()
        self._spawn(self._drain())

    async def _drain(self) -> None:
        clean = await self._workers.stop()
        if not clean:
            self._report.note("a worker did not stop in time and was killed")
        self._finish(Exit.STOPPED if clean else Exit.FORCED)

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


def _facts(message: Message) -> Facts:
    return tuple((name, value) for name, value in cast("list[list[str]]", message.get("facts", [])))


def _failed(failure: StartError | ProjectError) -> Failed:
    if isinstance(failure, StartError):
        return Failed(str(failure), failure.page)
    # Exceptions do not travel, and settings have none.
    faults = tuple(replace(fault, cause=None) for fault in failure.faults)
    return Failed(str(failure), faults=faults)


def _listed(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def _concerns_preparation(file: str) -> bool:
    return file.startswith(("migrations", "zenith.yaml", ".env"))
