"""The state of a running server, as `zenith-server status` shows it."""

from __future__ import annotations

import os
import time

from zenith_server.runner.control import State
from zenith_server.runner.crew import Crew
from zenith_server.runner.footprint import resident
from zenith_server.runner.processes import Process
from zenith_server.runner.workers import Workers
from zenith_server.settings import Settings


def state_of(
    workers: Workers, crew: Crew, settings: Settings, address: str, started: float
) -> State:
    """Return the state as values that JSON knows; ages in seconds, memory in bytes.

    Args:
        workers: the processes that there are.
        crew: what is wanted of them.
        settings: those in force.
        address: where the server listens.
        started: when it was started, on the monotonic clock.
    """
    told = [worker_state(worker) for worker in workers.everyone]
    current = sum(worker.counts.requests for worker in workers.everyone)
    return {
        "project": str(settings.root.resolve()),
        "environment": settings.environment.name,
        "url": address,
        "pid": os.getpid(),
        "age": round(time.monotonic() - started, 1),
        "memory": resident(os.getpid()),
        "wanted": crew.wanted,
        "generation": workers.generation,
        "replaced": crew.replaced,
        "requests": workers.past_requests + current,
        "workers": told,
    }


def worker_state(worker: Process) -> State:
    """Return the state of one worker."""
    counts = worker.counts
    return {
        "pid": worker.pid,
        "state": _word(worker),
        "age": round(time.monotonic() - worker.born, 1),
        "requests": counts.requests,
        "in_flight": counts.in_flight,
        "websockets": counts.sockets,
        "memory": resident(worker.pid),
        "generation": worker.generation,
    }


def _word(worker: Process) -> str:
    if worker.stopping:
        return "stopping"
    if worker.ready_at is None:
        return "starting"
    if worker.blocked:
        return "blocked"
    return {"serve": "serving", "broken": "shows a fault"}.get(worker.job.task, "standing in")
