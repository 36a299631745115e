"""The ledger: each request has an id, the handler writes it to PostgreSQL, the client its outcome.

Afterwards the two are compared. What a client was promised is there once, whatever was done to the
server meanwhile; what failed is there once at most.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncpg

from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port
from zenith_server.runner.control import State, states

# In how many lines a loop can be blocked.
PLACES = 20
PROJECT = {
    "routes/entries.py": """
from sqlalchemy import text
from zenith_server import DB


async def post(id: str, session=DB) -> str:
    await session.execute(text("INSERT INTO entries (id) VALUES (:id)"), {"id": id})
    return id
""",
    "routes/index.py": """
async def get() -> dict[str, str]:
    return {"hello": "world"}
""",
    "routes/end.py": """
import ctypes, os


async def get(how: str) -> str:
    if how == "segfault":
        ctypes.string_at(0)
    os._exit(9)
""",
    "routes/blocked.py": """
import time


async def get(seconds: float, place: int) -> str:
"""
    # A line of its own for each place: the same one is named once a minute.
    + "".join(f"    if place == {place}:\n        time.sleep(seconds)\n" for place in range(PLACES))
    + '    return "late"\n',
}
REFUSED = "refused"
_PATIENCE = 20.0
_ids = itertools.count(1)


@dataclass(slots=True)
class Book:
    """What the clients noted.

    Args:
        outcomes: of each id: a status, "refused", or the error.
        seconds: how long each answer took, and when it came on the monotonic clock.
    """

    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: list[tuple[float, float]] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """How often there was which outcome."""
        return Counter(self.outcomes.values())

    @property
    def errors(self) -> dict[str, int]:
        """What was neither a success nor a refused connection."""
        return {what: n for what, n in self.counts.items() if what not in ("200", REFUSED)}

    @property
    def answered(self) -> int:
        """How many succeeded."""
        return self.counts["200"]

    def p99(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The 99th percentile of the seconds that answers of a time took."""
        taken = sorted(took for took, at in self.seconds if since <= at <= until)
        return taken[int(len(taken) * 0.99)] if taken else 0.0


def judge(book: Book, rows: Counter[str]) -> list[str]:
    """Return what the two books disagree on; nothing if all is well."""
    complaints: list[str] = []
    for name, outcome in book.outcomes.items():
        times = rows[name]
        if outcome == "200" and times != 1:
            complaints.append(f"{name} was answered with 200 and written {times} times")
        elif outcome == REFUSED and times:
            complaints.append(f"{name} was refused and written")
        elif times > 1:
            complaints.append(f"{name} failed ({outcome}) and was written {times} times")
    strangers = rows.keys() - book.outcomes.keys()
    return complaints + [f"{name} was written and never asked for" for name in strangers]


class Load:
    """Clients that write entries without pause, every second one over new connections.

    Args:
        port: of 127.0.0.1.
        clients: how many at once.
    """

    def __init__(self, port: int, clients: int = 12) -> None:
        self._port = port
        self._clients = clients
        self._over = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.book = Book()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join(60)

    def reaches(self, number: int) -> int:
        """Wait until so many more have been answered, and return how many then are."""
        goal, deadline = len(self.book.seconds) + number, time.monotonic() + 60
        while (reached := len(self.book.seconds)) < goal:
            assert time.monotonic() < deadline, f"{reached} of {goal}: {self.book.counts}"
            time.sleep(0.005)
        return reached

    async def _run(self) -> None:
        await asyncio.gather(*(self._client(keep=n % 2 == 0) for n in range(self._clients)))

    async def _client(self, *, keep: bool) -> None:
        line: _Line | None = None
        while not self._over:
            name = str(next(_ids))
            began = time.monotonic()
            try:
                line = line or await _connect(self._port)
                async with asyncio.timeout(_PATIENCE):
                    status, stays = await _ask(line, name, keep=keep)
            except ConnectionRefusedError:
                self.book.outcomes[name] = REFUSED
                await asyncio.sleep(0.02)
                continue
            except (OSError, EOFError, TimeoutError) as error:
                self.book.outcomes[name] = f"{type(error).__name__}: {error}"
                status, stays = "", False
            if status:
                now = time.monotonic()
                self.book.outcomes[name] = status
                self.book.seconds.append((now - began, now))
            if not stays and line is not None:
                line[1].close()
                line = None
        if line is not None:
            line[1].close()


_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _connect(port: int) -> _Line:
    return await asyncio.open_connection("127.0.0.1", port)


async def _ask(line: _Line, name: str, *, keep: bool) -> tuple[str, bool]:
    """Write an entry; return the status, and whether the connection stays open."""
    reader, writer = line
    close = "" if keep else "connection: close\r\n"
    head = (
        f"POST /entries?id={name} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n{close}\r\n"
    )
    writer.write(head.encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return answer[9:12].decode(), keep and b"connection: close" not in answer


@dataclass(slots=True)
class Server:
    """A real `zenith-server` on the project of the ledger."""

    folder: Path
    port: int
    process: Process

    @property
    def state(self) -> State:
        """What `zenith-server status` says."""
        (state,) = states(self.folder)
        return state

    def pids(self, *words: str) -> list[int]:
        """The workers in one of these states; those that serve by default."""
        workers: list[State] = self.state["workers"]  # pyright: ignore[reportAssignmentType]
        wanted = words or ("serving",)
        return [int(str(each["pid"])) for each in workers if each["state"] in wanted]

    def until_serving(self, number: int, without: int = 0) -> float:
        """Wait until so many workers serve, one of them not; return how many seconds it took."""
        began = time.monotonic()
        while len(pids := self.pids()) < number or without in pids:
            assert time.monotonic() - began < 20, self.process.output
            time.sleep(0.01)
        return time.monotonic() - began


@contextmanager
def serving(
    folder: Path, database: str, engine: str, workers: int, port: int = 0, **settings: object
) -> Iterator[Server]:
    """Serve the ledger; everything ends with the block."""
    write_project(folder, PROJECT)
    port = port or free_port()
    given = {"lame_duck": 0, "grace": 5, "engine": engine, "workers": workers, **settings}
    variables = {f"ZENITH_SERVER__{name.upper()}": str(value) for name, value in given.items()}
    env = {**variables, "DATABASE_URL": database, "PORT": str(port), "LOG_LEVEL": "critical"}
    env |= {"ZENITH_CONNECTIONS__LIMIT": "15000", "ZENITH_CONNECTIONS__PER_CLIENT": "15000"}
    process = Process(folder, "--env", "production", env=env, cwd=folder)
    try:
        process.wait_for("ready in")
        yield Server(folder, port, process)
    finally:
        process.stop()


def open_ledger(database: str) -> None:
    """Make the table; an entry may stand in it twice, so that it can be seen."""
    asyncio.run(_execute(database, "CREATE TABLE entries (id text)"))


def rows(database: str) -> Counter[str]:
    """How often each entry was written; the table is empty afterwards."""
    records = asyncio.run(_execute(database, "DELETE FROM entries RETURNING id"))
    return Counter(record["id"] for record in records)


async def _execute(database: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()
