"""A worker: a fresh process that takes one job from the supervisor and does it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, cast

from zenith_server.figures import WHOLE
from zenith_server.logs import configure
from zenith_server.protocol import ASGIApp
from zenith_server.refresh import is_on
from zenith_server.runner import engines, loops, standby
from zenith_server.runner.channel import Channel, Failed, Job, Message
from zenith_server.runner.connections import Connections, guard
from zenith_server.runner.forkserver import collect_again
from zenith_server.runner.gate import Gate
from zenith_server.runner.lifespan import Lifespan
from zenith_server.runner.listener import refuse_newcomers
from zenith_server.runner.program import Facts
from zenith_server.runner.pulse import BEAT, Pulse
from zenith_server.runner.refresher import Refresher
from zenith_server.runner.trace import describe, page_of, running
from zenith_server.sources import is_installed

_FAILED = 1
# Seconds for the requests that waited for the start, before anything is told about it.
_FIRST_COME = 0.01
# When the time for requests is over, handlers get this long to see their cancellation, the
# lifespan to shut down; the process ends within a second after that time, whatever hangs.
_CANCEL = 0.2
_SHUTDOWN = 0.25
_LAST = 0.55
# WebSockets are closed over this share of the time for requests, and no longer than some seconds.
_PARTING_SHARE = 1 / 3
_PARTING = 5.0


def main(
    channel_descriptor: int,
    pulse_descriptor: int,
    listener_descriptor: int,
    datagram_descriptor: int | None = None,
) -> int:
    """Do the job that arrives on the channel; the return value is the process's exit code."""
    pulse = Pulse(pulse_descriptor)
    pulse.confess()
    channel = Channel(socket.socket(fileno=channel_descriptor))
    sockets = [socket.socket(fileno=listener_descriptor)]
    if datagram_descriptor is not None:
        sockets.append(socket.socket(fileno=datagram_descriptor))
    job = channel.read_job()
    if job is None:
        return _FAILED
    try:
        configure(job.settings.logging)
        return _serve(job, channel, pulse, sockets)
    except BaseException as error:  # noqa: BLE001
        # Also SystemExit and KeyboardInterrupt: project code may raise anything while imported.
        full = job.settings.logging.full_traceback
        text = describe(error, job.settings.root, full=full)
        page = page_of(error, text, job.settings)
        channel.send({"type": "failed", "text": text, "page": page})
        return _FAILED


def _serve(job: Job, channel: Channel, pulse: Pulse, sockets: list[socket.socket]) -> int:
    with _bounded_boot(job, channel):
        app = _app(job)
    collect_again()
    if job.prepares and not _prepare(job, channel, app):
        return 0
    with _bounded_boot(job, channel) as booted:
        worker = _Worker(job, channel, pulse, sockets, app)
        with asyncio.Runner(loop_factory=loops.maker(worker.loop_name)) as runner:
            runner.run(worker.run(booted))
    return 0


def _prepare(job: Job, channel: Channel, app: ASGIApp) -> bool:
    """Do what must be done once, however long it takes; return whether to serve after that."""
    if not _may_go_on(channel, {"type": "loaded"}):
        return False
    facts: Facts = _function(job.program.prepare)(job.settings, app)
    return _may_go_on(channel, {"type": "prepared", "facts": facts})


def _may_go_on(channel: Channel, message: Message) -> bool:
    """Say how far the start has got, and ask whether anybody still wants it."""
    channel.send(message)
    order = ""
    while order not in ("go", "stop", "gone"):
        order = str(channel.read().get("type"))
    return order == "go"


def _app(job: Job) -> ASGIApp:
    match job.task:
        case "standby":
            return standby.starting()
        case "broken":
            return standby.broken(job.failed or Failed(""), job.settings)
        case _:
            _forget_compiled(job)
            return _function(job.program.boot)(job.settings)


def _forget_compiled(job: Job) -> None:
    """Remove the compiled forms of files that were just saved.

    Python tells a compiled file by the second and the size of its source: two saves in one second
    can look the same.
    """
    for file in job.changed:
        if file.endswith(".py"):
            Path(cache_from_source(str(job.settings.root / file))).unlink(missing_ok=True)


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def _libraries(root: Path) -> list[str]:
    """Return what was imported besides the project, for the fork server to have next time."""
    inside = f"{root.resolve()}{os.sep}"
    return sorted(
        name
        for name, module in sys.modules.copy().items()
        if (file := getattr(module, "__file__", None))
        and not (file.startswith(inside) and not is_installed(file.removeprefix(inside)))
    )


@contextmanager
def _bounded_boot(job: Job, channel: Channel) -> Generator[Callable[[], None]]:
    """Give up on an app that does not get to serving, and say which line holds it up."""
    main_thread = threading.get_ident()
    seconds = job.settings.server.boot_timeout

    def expired() -> None:
        where = running(main_thread, job.settings.root)
        text = f"The project was still starting after {seconds:g} s, here:\n{where}"
        channel.send({"type": "failed", "text": text})
        os._exit(_FAILED)

    timer = threading.Timer(seconds, expired)
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


class _Worker:
    """The serving part of a worker, inside its event loop."""

    def __init__(
        self,
        job: Job,
        channel: Channel,
        pulse: Pulse,
        sockets: list[socket.socket],
        app: ASGIApp,
    ) -> None:
        self._job = job
        self._channel = channel
        self._pulse = pulse
        self._listener, *datagrams = sockets
        # A stand-in leaves datagrams to the worker that is about to come.
        is_asked = datagrams and job.settings.server.http3 and job.task != "standby"
        self._quic = engines.Quic(datagrams[0], job.secret) if is_asked else None
        self._app = app
        is_project = job.task == "serve"
        self.loop_name: loops.LoopName = loops.choose(job.settings) if is_project else "asyncio"
        self._engine_name = engines.choose(job.settings) if is_project else "hypercorn"
        self._engine = engines.create(self._engine_name, job.settings)
        self._stop: asyncio.Future[Message] | None = None
        self._may_open = asyncio.Event()
        self._hurry = asyncio.Event()
        self._waiting: list[asyncio.Future[list[Any]]] = []
        self._refresher: Refresher | None = None

    async def run(self, booted: Callable[[], None]) -> None:
        """Start the app, serve until told to stop, and stop in good order."""
        self._stop = asyncio.get_running_loop().create_future()
        self._listen_to_orders()
        lifespan = Lifespan(self._app)
        await lifespan.startup()
        lifespan.state[WHOLE] = self._whole
        gate = Gate(self._app, lifespan.state)
        settings = self._job.settings
        guard(self._listener, settings)
        if not await self._is_wanted():
            await lifespan.shutdown()
            return
        backlog = settings.server.backlog
        self._engine.start(self._door(gate), self._listener, backlog, self._quic)
        Connections(self._listener, settings).start()
        booted()
        self._beat(gate)
        self._channel.send({"type": "ready"})
        telling = asyncio.get_running_loop().call_later(_FIRST_COME, self._tell_about)
        order = await self._stop
        telling.cancel()
        deadline = await self._leave(gate, order)
        async with asyncio.timeout(max(_left(deadline), _SHUTDOWN)):
            await lifespan.shutdown()

    async def _is_wanted(self) -> bool:
        """Ask before the first connection: one that nobody wants any more is killed until then."""
        self._channel.send({"type": "opening"})
        await self._unless(self._may_open.wait(), cast("Any", self._stop))
        return self._may_open.is_set()

    def _door(self, gate: Gate) -> ASGIApp:
        """Let open pages know of other code; while the server starts there is none to tell of."""
        if self._job.task != "standby" and is_on(self._job.settings):
            self._refresher = Refresher(gate, self._job.token)
        return self._refresher or gate

    def _tell_about(self) -> None:
        """Tell what is served; those who wait for their first answer come first."""
        facts = cast("Facts", getattr(self._app, "facts", tuple)())
        loop = " on uvloop" if self.loop_name == "uvloop" else ""
        quic = " with HTTP/3" if self._quic else ""
        engine = f"{self._engine_name}{loop}{quic}"
        about: Message = {"type": "about", "engine": engine, "facts": facts}
        about["modules"] = _libraries(self._job.settings.root)
        if self._job.settings.server.reload:
            about["routes"] = getattr(self._app, "outline", dict)()
        self._channel.send(about)

    def _beat(self, gate: Gate) -> None:
        """Show that the loop runs; what blocks it stops this too."""
        self._pulse.beat(gate.counts)
        asyncio.get_running_loop().call_later(BEAT, self._beat, gate)

    def _listen_to_orders(self) -> None:
        loop = asyncio.get_running_loop()
        # Not to be obeyed here: the supervisor knows whether everything is to stop (a service
        # manager may signal all processes), or another worker has to serve first.
        leaving: Message = {"type": "leaving"}
        loop.add_signal_handler(signal.SIGTERM, self._channel.send, leaving)
        listen = threading.Thread(target=self._hear, args=[loop], name="supervisor", daemon=True)
        listen.start()

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on what the supervisor says, in a thread of its own, until the loop has closed."""
        message: Message = {}
        while message.get("type") != "gone" and not loop.is_closed():
            message = self._channel.read()
            if message.get("type") == "count":
                # Here too, so that the figures are known of a loop that is blocked.
                self._count()
                continue
            if message.get("type") in ("pause", "resume"):
                # Here too, because it is asked for when the loop is blocked.
                self._engine.pause() if message["type"] == "pause" else self._engine.resume()
                continue
            if message.get("type") == "stop":
                # Here, not in the loop, which may be blocked.
                self._end_in_time(message)
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._obey, message)

    def _count(self) -> None:
        families = cast("list[Any]", getattr(self._app, "figures", list)())
        self._channel.send({"type": "counted", "families": families})

    async def _whole(self) -> list[Any]:
        """Return the figures of all workers, as the supervisor tells them."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if len(self._waiting) == 1:
            self._channel.send({"type": "figures"})
        return await answer

    def _tell(self, families: list[Any]) -> None:
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(families)
        self._waiting.clear()

    def _obey(self, message: Message) -> None:
        if message["type"] == "figures":
            self._tell(cast("list[Any]", message["families"]))
            return
        if message["type"] == "saved":
            if self._refresher is not None:
                self._refresher.saved(cast("list[str]", message["files"]), str(message["token"]))
            return
        if message["type"] == "go":
            self._may_open.set()
            return
        if message["type"] == "hold":
            self._engine.stop_accepting()
            return
        if message["type"] in ("hurry", "gone"):
            self._hurry.set()
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(message)

    async def _leave(self, gate: Gate, order: Message) -> float:
        """Stop accepting, let clients finish, cut off what takes too long; return the deadline."""
        server = self._job.settings.server
        lame_duck = _seconds(order, "lame_duck", server.lame_duck)
        grace = _seconds(order, "grace", server.grace)
        settle = _seconds(order, "settle", 0.25)
        getattr(self._app, "drain", _nothing)()
        gate.closing = True
        self._engine.warn()
        await self._unless_hurried(asyncio.sleep(lame_duck))
        deadline = time.monotonic() + grace
        parting = asyncio.ensure_future(gate.part(min(grace * _PARTING_SHARE, _PARTING)))
        if order.get("replaced"):
            self._engine.stop_accepting()
            self._channel.send({"type": "retired"})
        else:
            refuse_newcomers(self._listener)
        if self._refresher is not None:
            self._refresher.close()
        await self._unless_hurried(gate.settle(settle, min(4 * settle, grace / 2)))
        self._engine.stop_accepting(last=not order.get("replaced"))
        await self._unless_hurried(asyncio.wait({parting}))
        await self._finish(gate, deadline)
        self._count()
        return time.monotonic() if self._hurry.is_set() else deadline

    def _end_in_time(self, order: Message) -> None:
        server = self._job.settings.server
        lame_duck = _seconds(order, "lame_duck", server.lame_duck)
        _end_after(lame_duck + _seconds(order, "grace", server.grace) + _LAST)

    async def _finish(self, gate: Gate, deadline: float) -> None:
        finishing = asyncio.ensure_future(self._engine.finish())
        await self._unless_hurried(asyncio.wait({finishing}, timeout=_left(deadline)))
        if not finishing.done():
            await gate.cancel(_CANCEL)
            await asyncio.wait({finishing}, timeout=_CANCEL / 3)
        finishing.cancel()

    async def _unless_hurried(self, work: Coroutine[Any, Any, Any]) -> None:
        hurried = asyncio.ensure_future(self._hurry.wait())
        await self._unless(work, hurried)
        hurried.cancel()

    async def _unless(self, work: Coroutine[Any, Any, Any], other: asyncio.Future[Any]) -> None:
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, other}, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()


def _end_after(seconds: float) -> None:
    """End the process even if the event loop, a thread or an exit handler is stuck."""
    timer = threading.Timer(seconds, os._exit, [_FAILED])
    timer.daemon = True
    timer.start()


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _seconds(order: Message, name: str, default: float) -> float:
    value = order.get(name, default)
    return float(value) if isinstance(value, int | float) else default


def _nothing() -> None:
    """Stand in for the `drain` of an app that has none."""
