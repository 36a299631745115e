"""What a worker shows of itself, in memory that the supervisor can read whatever its loop does."""

from __future__ import annotations

import faulthandler
import mmap
import os
import re
import signal
import sys
import tempfile
import time

from msgspec import Struct

# How often a worker writes, in seconds.
BEAT = 0.1
_SIZE = mmap.PAGESIZE
_DUMP = signal.SIGUSR2
_LONGEST = 65_536
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)


class Counts(Struct, frozen=True):
    """What a worker has to do.

    Args:
        requests: how many have begun since it started.
        in_flight: how many of them are being answered, open WebSockets among them.
        sockets: how many WebSockets are open.
    """

    requests: int = 0
    in_flight: int = 0
    sockets: int = 0


class Frame(Struct, frozen=True):
    """One line of a stack."""

    file: str
    line: int
    function: str


class Pulse:
    """A page that one worker writes and the supervisor reads, with room for a stack behind it.

    Each number is written with one store of eight bytes, so no reader sees half of one.

    Args:
        descriptor: a file made by `memory`; it is closed with this object.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._page = mmap.mmap(descriptor, _SIZE)
        self._numbers = memoryview(self._page).cast("Q")

    def close(self) -> None:
        """Give the memory back."""
        self._numbers.release()
        self._page.close()
        os.close(self.descriptor)

    # The worker's side

    def beat(self, counts: Counts) -> None:
        """Say that the event loop runs, and what it has to do."""
        self._numbers[1] = counts.requests
        self._numbers[2] = counts.in_flight
        self._numbers[3] = counts.sockets
        self._numbers[0] = time.monotonic_ns()

    def confess(self) -> None:
        """From now on, write the stack of the main thread behind the page when asked to.

        The interpreter's own handler does it, in C: also while nothing gives up the GIL.
        """
        faulthandler.register(_DUMP, file=self.descriptor, all_threads=False)

    # The supervisor's side

    @property
    def last_beat(self) -> float:
        """When the loop last ran, on the monotonic clock, which all processes share; 0 at first."""
        return self._numbers[0] / 1e9

    @property
    def counts(self) -> Counts:
        """What it had to do then."""
        return Counts(self._numbers[1], self._numbers[2], self._numbers[3])

    def prepare_stack(self) -> signal.Signals:
        """Forget an earlier stack, and return the signal that makes the worker write a new one."""
        os.ftruncate(self.descriptor, _SIZE)
        os.lseek(self.descriptor, _SIZE, os.SEEK_SET)
        return _DUMP

    def stack(self) -> list[Frame]:
        """Return what the worker wrote, the innermost frame first; nothing if it has not."""
        text = os.pread(self.descriptor, _LONGEST, _SIZE).decode("ascii", "replace")
        return [Frame(_plain(file), int(line), name) for file, line, name in _FRAME.findall(text)]


def memory() -> int:
    """Return the descriptor of a file of one empty page that has no name."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("zenith-pulse")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _SIZE)
    return descriptor


def _plain(escaped: str) -> str:
    r"""Undo the escapes of the interpreter's handler, which writes ASCII only.

    Example:
        >>> _plain(r"caf\xe9.py")
        'café.py'
    """
    return escaped.encode().decode("unicode_escape") if "\\" in escaped else escaped
