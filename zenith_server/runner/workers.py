"""The processes that there are: started, told to stop, killed when they do not, never forgotten."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from zenith_server.runner.channel import Failed, Job, Message, Task
from zenith_server.runner.processes import ForkServer, Process
from zenith_server.runner.program import Limits, Program
from zenith_server.settings import Settings


class StartError(Exception):
    """A process did not get as far as it should; the text is for the person who can mend it.

    Args:
        text: why, for the terminal.
        page: the same for a browser, in development.
    """

    def __init__(self, text: str, page: str = "") -> None:
        super().__init__(text)
        self.page = page


class Workers:
    """All processes of a supervisor, and the fork server that they come from.

    Args:
        inherited: the sockets that each of them gets: the listening one, and that for datagrams.
        program: what they run.
        limits: how long to wait for what.
        ended: called for each adopted process that ended, with its exit code.
        leaving: called for each adopted process that somebody else asked to stop.
        asked: called for each adopted process that was asked for the figures of all.

    Attributes:
        generation: counts replacements; a process belongs to the one that it was started in.
        changed: files that were saved since a worker last started well.
        past_requests: how many requests those had that have ended.
    """

    def __init__(
        self,
        inherited: Sequence[socket.socket],
        program: Program,
        limits: Limits,
        ended: Callable[[Process, int], None],
        leaving: Callable[[Process], None],
        asked: Callable[[Process], None],
    ) -> None:
        self._inherited = inherited
        self._program = program
        self._limits = limits
        self._ended = ended
        self._leaving = leaving
        self._asked = asked
        self._all: set[Process] = set()
        self._starting: set[Process] = set()
        self._preparing: Process | None = None
        self._name = secrets.token_hex(4)
        self._secret = secrets.token_bytes(32)
        self._saves = 0
        self.fork_server = ForkServer(inherited)
        self.generation = 0
        self.past_requests = 0
        self.changed: tuple[str, ...] = ()

    # Starting

    def fork(
        self,
        task: Task,
        settings: Settings,
        failed: Failed | None = None,
        *,
        prepares: bool = False,
    ) -> Process:
        """Start a process; it counts among the workers only once it has been adopted."""
        more = failed, prepares, self.changed, self._token, self._secret
        job = Job(task, self._program, settings, *more)
        process = self.fork_server.fork(job)
        process.generation = self.generation
        return process

    async def start(
        self, number: int, task: Task, settings: Settings, failed: Failed | None = None
    ) -> Process:
        """Start processes, wait until all serve, adopt them; return the first one.

        Raises:
            StartError: one of them did not start; the others have been told to end.
        """
        return await self.ready([self.fork(task, settings, failed) for _ in range(number)])

    async def ready(self, started: Sequence[Process]) -> Process:
        """Wait until processes serve, as `start` does."""
        self._starting.update(started)
        for process in started:
            process.outcome.add_done_callback(partial(self._settle, process))
        try:
            for process in started:
                await first_word(process)
        except BaseException:
            for process in started:
                # Those that serve already may have requests.
                self._ask_to_stop(process)
            raise
        return started[0]

    def _settle(self, process: Process, outcome: asyncio.Future[Message]) -> None:
        """Adopt a process the moment it serves: from then on it may have requests."""
        self._starting.discard(process)
        if outcome.result()["type"] == "ready":
            self.adopt(process)

    async def fork_preparing(self, settings: Settings) -> Process:
        """Start a process that prepares before it serves, once no other one prepares.

        Whoever loses interest does not cut that off: it may be in the middle of a migration.
        """
        if self._preparing is not None:
            await asyncio.shield(self._preparing.prepared)
        self._preparing = self.fork("serve", settings, prepares=True)
        return self._preparing

    def adopt(self, process: Process) -> None:
        """Count a process among the workers until it ends."""
        self._all.add(process)
        process.leaving = self._leaving
        process.asked = self._asked
        process.gone.add_done_callback(lambda gone: self._forget(process, gone.result()))

    def _forget(self, process: Process, code: int) -> None:
        self._all.discard(process)
        self.past_requests += process.counts.requests
        self._ended(process, code)

    async def renew_fork_server(self) -> None:
        """Wait until the fork server has died, and start another."""
        await self.fork_server.lost.wait()
        self.fork_server = ForkServer(self._inherited)

    # Asking

    @property
    def serving(self) -> bool:
        """Whether the project itself answers on the socket."""
        return bool(self.serving_project)

    @property
    def serving_project(self) -> list[Process]:
        """The workers on which the project answers, the oldest first."""
        serving = [worker for worker in self._all if worker.serves_project]
        return sorted(serving, key=lambda worker: worker.born)

    @property
    def everyone(self) -> list[Process]:
        """All workers and those that are about to be, the oldest first."""
        return sorted(self._all | self._starting, key=lambda worker: worker.born)

    @property
    def answering(self) -> bool:
        """Whether anything answers on the socket, be it a stand-in."""
        return any(worker.serving for worker in self._all)

    # Stopping

    def retire(self, number: int | None = None, *, quickly: bool) -> None:
        """Ask workers of earlier generations to stop, and every stand-in.

        Args:
            number: at most so many workers; all by default.
            quickly: cut off what does not end within a moment, as a reload does.
        """
        old = [worker for worker in self._all if worker.generation != self.generation]
        workers = [worker for worker in old if worker.job.task == "serve" and not worker.stopping]
        stand_ins = [worker for worker in self._all if worker.job.task != "serve"]
        for worker in stand_ins:
            self._ask_to_stop(worker, quickly=True)
        for worker in workers[:number]:
            self._ask_to_stop(worker, quickly=quickly)

    async def retired(self, seconds: float) -> None:
        """Wait until workers that were told to stop take no connections, or for so long."""
        stopping = [asyncio.ensure_future(w.retired.wait()) for w in self._all if w.stopping]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=seconds)
            for each in late:
                each.cancel()

    def _ask_to_stop(self, worker: Process, *, quickly: bool = False, last: bool = False) -> None:
        """Tell a worker to finish what it does and end; it is killed if it does not.

        Only at the last stop are there no other workers to take new connections.
        """
        if worker.stopping:
            return
        if not worker.opened and not worker.outcome.done():
            self._give_up(worker, last=last)
            return
        worker.stopping = True
        server = worker.job.settings.server
        grace = self._limits.reload_grace if quickly else server.grace
        lame_duck = server.lame_duck if last else 0.0
        settle = 0.05 if quickly else 0.25
        order: Message = {"lame_duck": lame_duck, "settle": settle, "grace": grace}
        worker.tell({"type": "stop", "replaced": not last, **order})
        self._kill_later(worker, lame_duck + grace + self._limits.forced)

    def _give_up(self, worker: Process, *, last: bool) -> None:
        """End a process that does not serve yet, if need be after what it prepares."""
        if not worker.preparing:
            self.kill(worker)
            return
        worker.stopping = True
        if last:
            self._kill_later(worker, worker.job.settings.server.grace)

    def hold(self) -> None:
        """Have everybody leave new connections to the code that is about to be loaded."""
        for worker in self._all:
            worker.tell({"type": "hold"})

    def keep(self) -> None:
        """Count what serves among the workers of today, since no others came."""
        for worker in self.serving_project:
            worker.generation = self.generation

    def refresh(self, files: Sequence[str]) -> None:
        """Let pages in browsers know of saved files that need no other workers."""
        self._saves += 1
        for worker in self.everyone:
            worker.tell({"type": "saved", "files": files, "token": self._token})

    @property
    def _token(self) -> str:
        """What the pages of today have in common, and no page from before."""
        return f"{self._name}-{self.generation}-{self._saves}"

    def dismiss(self, worker: Process) -> None:
        """Ask one worker to finish what it does and leave the rest to the others."""
        self._ask_to_stop(worker)

    async def stop(self) -> bool:
        """Ask every worker to stop and wait for them; return whether none had to be killed.

        A preparation that is under way may end, within the time that requests have.
        """
        everyone = self.everyone
        for worker in everyone:
            self._ask_to_stop(worker, last=True)
        # Those that were not ready yet are killed at once, which is no missed deadline.
        ends = [worker.gone for worker in everyone if not worker.condemned]
        if ends:
            await asyncio.wait(ends)
        return all(end.result() == 0 for end in ends)

    def hurry(self) -> None:
        """Tell the workers to wait no longer, and kill those that still hang a moment later."""
        if self._preparing is not None and self._preparing.preparing:
            self.kill(self._preparing)
        for worker in self._all:
            worker.tell({"type": "hurry"})
            self._kill_later(worker, 2 * self._limits.forced)

    def _kill_later(self, process: Process, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self.kill, process)
        process.gone.add_done_callback(lambda _: timer.cancel())

    def kill(self, process: Process) -> None:
        """End a process at once."""
        process.stopping = True
        self.signal(process, signal.SIGKILL)

    def put_down(self, process: Process) -> None:
        """End a process that does not answer; that it ends counts as its own doing."""
        self.signal(process, signal.SIGKILL)

    def signal(self, process: Process, number: signal.Signals) -> None:
        """Send a process a signal."""
        self.fork_server.signal(process, number)


async def first_word(process: Process) -> None:
    """Wait until a process says how its start went.

    Raises:
        StartError: with the process's own words, or with how it died.
    """
    outcome = await asyncio.shield(process.outcome)
    if outcome["type"] == "failed":
        raise StartError(str(outcome["text"]), str(outcome.get("page", "")))
    if outcome["type"] == "died":
        end = ending(cast("int", outcome["code"]))
        raise StartError(f"The process that loads the project {end} before it could serve.")


def ending(code: int) -> str:
    """Say how a process ended.

    Example:
        >>> ending(-9), ending(3)
        ('was killed by SIGKILL', 'ended with exit code 3')
    """
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"
