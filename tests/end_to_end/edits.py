"""Saves of every kind on a server in development, while clients ask without pause."""

from __future__ import annotations

import random
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.end_to_end.faults import Figures, Place
from tests.end_to_end.ledger import REFUSED
from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port

ROUTE = "from words import WORD\n\n\nasync def get() -> str:\n    return WORD + ' {version}'\n"
WORDS = 'WORD = "version"\n'
BROKEN = (
    b"async def get(:\n",
    b"import a_module_that_is_not_there\n",
    b"1 / 0\n",
    b"\xff\xfe\x00",
    b"import os; os._exit(3)\n",
    b"import sys; sys.exit('no')\n",
    b"",
)
_REQUEST = b"GET /version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
_PATIENCE = 40.0
_EVERY = 10
"""After so many edits the project is whole again, and what it says must be answered."""


def edits(place: Place, times: int, requests: int) -> Figures:
    """Edits of every kind: the server lives, every request is answered, the last code answers."""
    desk, port = Desk(place.folder), free_port()
    with _Development(place, port) as process, Clients(port) as clients:
        clients.until(desk.whole())
        waits: list[float] = []
        for number in range(1, times + 1):
            desk.edit()
            assert process.popen.poll() is None, process.output
            if number % _EVERY == 0 or number == times:
                waits.append(clients.until(desk.whole()))
        clients.reaches(requests)
    assert process.popen.returncode == 0, process.output
    assert clients.lost == {}, process.output
    answers = clients.outcomes
    return {
        "edits": times,
        "deaths": 0,
        "answered": answers.total(),
        "refused": answers[REFUSED],
        "with an error shown": answers.total() - answers["200"],
        "longest until the last code answers": max(waits),
    }


class _Development(Process):
    """`zenith-server dev` on the project of a place."""

    def __init__(self, place: Place, port: int) -> None:
        given = {"LAME_DUCK": 0, "ENGINE": place.engine, "WORKERS": place.workers}
        env = {f"ZENITH_SERVER__{name}": str(value) for name, value in given.items()}
        env |= {"PORT": str(port), "LOG_LEVEL": "critical"}
        super().__init__("dev", place.folder, env=env, cwd=place.folder)

    def __enter__(self) -> Self:
        try:
            self.wait_for("ready in")
        except AssertionError:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Desk:
    """A project, and somebody who edits it in every way there is.

    Args:
        folder: where the project is made.
    """

    def __init__(self, folder: Path) -> None:
        self._version = 0
        self._folder = folder
        # The same edits each time.
        self._dice = random.Random(500)
        write_project(folder, {"words.py": WORDS, "routes/version.py": self._route()})

    def whole(self) -> bytes:
        """Clear up, save the next version, and return what it answers."""
        shutil.rmtree(self._folder / "routes")
        (self._folder / "routes").mkdir()
        self._words.write_text(WORDS)
        self._file.write_text(self._route())
        return b'"version %d"' % self._version

    def edit(self) -> None:
        """Do one thing to one file, and wait for a moment, a long or a short one."""
        self._dice.choice(_WAYS)(self)
        time.sleep(self._dice.choice((0, 0.005, 0.05, 0.3)))

    def save(self) -> None:
        """Write the next version, as most editors do."""
        self._file.write_text(self._route())

    def replace(self) -> None:
        """Write the next version beside the file and put it in its place, as other editors do."""
        beside = self._file.with_suffix(".py~")
        beside.write_text(self._route())
        beside.replace(self._file)

    def half(self) -> None:
        """Write the file in two pieces, as a slow disk or a copy over a network does."""
        text = self._route()
        with self._file.open("w") as file:
            for piece in (text[:-15], text[-15:]):
                file.write(piece)
                file.flush()
                time.sleep(self._dice.choice((0, 0.02, 0.1)))

    def spoil(self) -> None:
        """Save what cannot be imported."""
        self._dice.choice([self._file, self._words]).write_bytes(self._dice.choice(BROKEN))

    def delete(self) -> None:
        """Remove a file that is needed."""
        self._dice.choice([self._file, self._words]).unlink(missing_ok=True)

    def rename(self) -> None:
        """Give the route another name, or its own again."""
        other = self._file.with_name("renamed.py")
        if self._file.exists():
            self._file.replace(other)
        elif other.exists():
            other.replace(self._file)

    def add(self) -> None:
        """Make a folder with a route in it, or take it away."""
        folder = self._folder / "routes" / "more"
        if folder.exists():
            shutil.rmtree(folder)
        else:
            folder.mkdir()
            (folder / "[id].py").write_text("async def get(id: int) -> int:\n    return id\n")

    @property
    def _file(self) -> Path:
        return self._folder / "routes" / "version.py"

    @property
    def _words(self) -> Path:
        return self._folder / "words.py"

    def _route(self) -> str:
        self._version += 1
        return ROUTE.format(version=self._version)


_WAYS: tuple[Callable[[Desk], None], ...] = (
    Desk.save,
    Desk.replace,
    Desk.half,
    Desk.spoil,
    Desk.delete,
    Desk.rename,
    Desk.add,
)


@dataclass(slots=True)
class Clients:
    """Clients that ask for the version without pause, each time over a new connection."""

    port: int
    number: int = 2
    outcomes: Counter[str] = field(default_factory=Counter[str])
    answer: bytes = b""
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._run) for _ in range(self.number)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def lost(self) -> dict[str, int]:
        """What was no answer at all."""
        return {what: n for what, n in self.outcomes.items() if not what.isdecimal()}

    def until(self, answer: bytes) -> float:
        """Wait until this is answered, and return how many seconds it took."""
        began = time.monotonic()
        while self.answer != answer:
            waited = time.monotonic() - began
            assert waited < _PATIENCE, f"{answer!r} was saved, {self.answer!r} is answered"
            time.sleep(0.005)
        return time.monotonic() - began

    def reaches(self, number: int) -> None:
        """Wait until so many have been answered in all."""
        began = time.monotonic()
        while (reached := self.outcomes.total()) < number:
            assert time.monotonic() - began < _PATIENCE, f"{reached} of {number}"
            time.sleep(0.005)

    def _run(self) -> None:
        while not self._over.wait(0.002):
            outcome, self.answer = self._ask()
            self.outcomes[outcome] += 1

    def _ask(self) -> tuple[str, bytes]:
        try:
            with socket.create_connection(("127.0.0.1", self.port), _PATIENCE) as raw:
                raw.sendall(_REQUEST)
                whole = b"".join(iter(lambda: raw.recv(65536), b""))
        except ConnectionRefusedError:
            return REFUSED, b""
        except OSError as error:
            return f"{type(error).__name__}: {error}", b""
        head, _, body = whole.partition(b"\r\n\r\n")
        return head[9:12].decode() or "nothing", body
