"""What is done to a server under load, as often as asked, and what must be true afterwards."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.ledger import PLACES, REFUSED, Load, Server, judge, rows, serving
from tests.servers import free_port
from zenith_server.runner.footprint import resident

Figures = dict[str, float]
GRACE = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is tried: an empty folder, a database with the ledger, an engine."""

    folder: Path
    database: str
    engine: str
    workers: int = 2


def stops(place: Place, times: int, requests: int) -> Figures:
    """SIGTERM under load: no answer is lost, no entry is written twice, the exit code is 0."""
    answered, longest, port = 0, 0.0, free_port()
    for _ in range(times):
        with (
            serving(place.folder, place.database, place.engine, place.workers, port) as server,
            Load(port) as load,
        ):
            load.reaches(requests)
            began = time.monotonic()
            server.process.send(signal.SIGTERM)
            assert server.process.wait() == 0, server.process.output
            longest = max(longest, time.monotonic() - began)
        assert load.book.errors == {}, server.process.output
        assert judge(load.book, rows(place.database)) == []
        answered += load.book.answered
    return {"stops": times, "answered": answered, "lost": 0, "longest stop": longest}


def replacements(place: Place, times: int, requests: int) -> Figures:
    """SIGHUP under load: nothing is lost or refused; a p99 before and meanwhile."""
    with (
        serving(place.folder, place.database, place.engine, place.workers) as server,
        Load(server.port) as load,
    ):
        load.reaches(requests)
        began = time.monotonic()
        for number in range(1, times + 1):
            server.process.send(signal.SIGHUP)
            while server.process.output.count("reloaded in") < number:
                assert server.process.popen.poll() is None, server.process.output
                time.sleep(0.01)
            load.reaches(requests)
        ended = time.monotonic()
    steady, meanwhile = load.book.p99(until=began), load.book.p99(began, ended)
    assert load.book.errors == {}, server.process.output
    assert load.book.counts[REFUSED] == 0
    assert judge(load.book, rows(place.database)) == []
    return {
        "replacements": times,
        "answered": load.book.answered,
        "lost": 0,
        "p99 steady ms": steady * 1000,
        "p99 meanwhile ms": meanwhile * 1000,
    }


def silences(place: Place, times: int, connections: int) -> Figures:
    """SIGTERM with connections on which nothing happens any more: they do not hold up the stop."""
    longest = 0.0
    for _ in range(times):
        with (
            serving(place.folder, place.database, place.engine, place.workers) as server,
            ExitStack() as stack,
        ):
            for _ in range(connections):
                raw = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 20))
                raw.sendall(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                assert raw.recv(4096).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            server.process.send(signal.SIGTERM)
            assert server.process.wait() == 0, server.process.output
            longest = max(longest, time.monotonic() - began)
    assert longest < GRACE + 1, "grace and a second were over"
    return {"stops": times, "connections": connections, "longest stop": longest}


WAYS = ("SIGKILL", "segfault", "exit")


def deaths(place: Place, times: int, requests: int, clients: int = 12) -> Figures:
    """Workers that die under load: never down, replaced within a second, little lost."""
    longest = 0.0
    with (
        serving(place.folder, place.database, place.engine, place.workers) as server,
        Load(server.port, clients) as load,
    ):
        for number in range(times):
            load.reaches(requests)
            longest = max(longest, _one_death(server, WAYS[number % len(WAYS)], place.workers))
            # A worker that served for less than a second counts as one that failed to start.
            time.sleep(1.1)
    lost = sum(load.book.errors.values())
    assert load.book.counts[REFUSED] == 0
    assert lost <= times * clients, load.book.errors
    assert judge(load.book, rows(place.database)) == []
    return {
        "deaths": times,
        "answered": load.book.answered,
        "lost": lost,
        "longest replacement": longest,
    }


def _one_death(server: Server, way: str, workers: int) -> float:
    before = set(server.pids())
    if way == "SIGKILL":
        os.kill(min(before), signal.SIGKILL)
    else:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.settimeout(20)
            raw.sendall(f"GET /end?how={way} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            raw.recv(1)
    return _replacement(server, before, workers, time.monotonic())


def _replacement(server: Server, before: set[int], workers: int, began: float) -> float:
    """Wait until another worker serves in the place of one; return the seconds since `began`."""
    while len(now := set(server.pids())) < workers or now == before:
        assert time.monotonic() - began < 20, server.process.output
        time.sleep(0.01)
    return time.monotonic() - began


LIMIT = 4.0
# Until a blocked loop is noticed, Granian accepts connections for it too.
_NOTICED = 0.6


def blocks(place: Place, times: int, requests: int) -> Figures:
    """Event loops that are blocked: named within 2 s, replaced at the limit, the rest goes on.

    What is lost are the requests of the blocked worker, which is ended.
    """
    named, replaced, p99, clients = 0.0, 0.0, 0.0, 12
    with (
        serving(
            place.folder, place.database, place.engine, place.workers, worker_timeout=LIMIT
        ) as server,
        Load(server.port, clients) as load,
    ):
        for number in range(1, times + 1):
            load.reaches(requests)
            began, before = time.monotonic(), set(server.pids())
            with socket.create_connection(("127.0.0.1", server.port)) as raw:
                query = f"seconds=60&place={number % PLACES}"
                raw.sendall(f"GET /blocked?{query} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
                while server.process.output.count("its event loop is blocked") < number:
                    assert time.monotonic() - began < 20, server.process.output
                    time.sleep(0.01)
                named = max(named, time.monotonic() - began)
                replaced = max(replaced, _replacement(server, before, place.workers, began))
            ended = time.monotonic()
            p99 = max(p99, load.book.p99(began + _NOTICED, ended))
            time.sleep(1.1)
    lost = sum(load.book.errors.values())
    assert load.book.counts[REFUSED] == 0
    assert lost <= times * clients, load.book.errors
    assert judge(load.book, rows(place.database)) == []
    return {
        "blocks": times,
        "answered": load.book.answered,
        "lost": lost,
        "longest until named": named,
        "longest until replaced": replaced,
        "p99 of the others ms": p99 * 1000,
    }


def murders(place: Place, times: int, requests: int) -> Figures:
    """The supervisor is killed under load: no process is left, and the port is free again."""
    longest, port = 0.0, free_port()
    for _ in range(times):
        with serving(place.folder, place.database, place.engine, place.workers, port) as server:
            with Load(port) as load:
                load.reaches(requests)
                began = time.monotonic()
                server.process.popen.kill()
                server.process.popen.wait()
                while session(server.process.popen.pid):
                    assert time.monotonic() - began < 20, "processes are left"
                    time.sleep(0.01)
                longest = max(longest, time.monotonic() - began)
            with socket.socket() as again:
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                again.bind(("127.0.0.1", port))
        assert judge(load.book, rows(place.database)) == []
    return {"murders": times, "orphans": 0, "longest": longest}


def session(leader: int) -> list[int]:
    """Return the live processes of a session."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "sid=,pid=,stat="], capture_output=True, text=True, check=True
    )
    found = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for sid, pid, state in found if int(sid) == leader and state[0] != "Z"]


def growth(place: Place, times: int, requests: int) -> Figures:
    """Requests and clients that go away: memory and descriptors after a warm-up, and at the end.

    What a worker holds at the worst moment grows on; so the second half is told by itself.
    """
    with serving(place.folder, place.database, place.engine, 1) as server:
        (worker,) = server.pids()
        _rounds(server, max(1, times // 5), requests)
        memory, files = resident(worker), descriptors(worker)
        answered = _rounds(server, (times + 1) // 2, requests)
        middle = resident(worker)
        later = _rounds(server, times // 2, requests) if times > 1 else 0
        last, more = resident(worker), descriptors(worker) - files
        assert server.pids() == [worker]
    assert more <= 0, f"{more} descriptors more than after the warm-up"
    return {
        "answered": answered + later,
        "left by clients": times * _LEAVERS,
        "bytes grown": last - memory,
        "bytes a request": (last - memory) / (answered + later),
        "of the second half": (last - middle) / later if later else 0.0,
        "descriptors more": more,
    }


# After each round so many clients go away in the middle of a request.
_LEAVERS = 100
HALF = b"POST /entries?id=x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx"


def _rounds(server: Server, times: int, requests: int) -> int:
    """Let clients ask and go away, then wait until the server is quiet."""
    with Load(server.port) as load:
        for _ in range(times):
            load.reaches(requests)
            for _ in range(_LEAVERS):
                with socket.create_connection(("127.0.0.1", server.port)) as raw:
                    raw.sendall(HALF)
    time.sleep(2)
    return load.book.answered


def descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
