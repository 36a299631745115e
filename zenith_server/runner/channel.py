"""The line between supervisor and worker: one JSON object per line, over a socket pair.

JSON, not pickle, from worker to supervisor: the worker runs project code, and nothing that it
says may make the supervisor import anything. The job is the one value that travels as a pickle,
from the supervisor, which is trusted.

Worker to supervisor: `loaded`, `prepared` (facts), `opening` (it asks whether to accept), `ready`
(it serves), `about` (engine, facts, modules, routes: what it serves), `failed` (text, page),
`leaving` (it got a SIGTERM), `retired` (it takes no new connections any more), `counted` (families:
its figures so far), `figures` (it wants those of all workers).
Supervisor to worker: `job` (pickle), `go` (the answer to `loaded`, `prepared` and `opening`),
`saved` (files, token), `hold` (accept nothing more), `stop` (lame_duck, settle, grace), `hurry`,
`count` (tell your figures), `figures` (families: those of all workers).
Unknown types are ignored by both, so that later messages (heartbeats) do not break older peers.
"""

from __future__ import annotations

import base64
import json
import pickle
import socket
import threading
from typing import Literal, cast

from msgspec import Struct

from zenith_server.errors import Fault
from zenith_server.runner.program import Program
from zenith_server.settings import Settings

Message = dict[str, object]
Task = Literal["serve", "standby", "broken"]
LINE_LIMIT = 64 * 1024 * 1024


class Failed(Struct, frozen=True):
    """Why a start failed.

    Args:
        text: for the terminal.
        page: for a browser, in development; whoever failed has written it.
        faults: what is wrong, where there is no page of it yet.
    """

    text: str
    page: str = ""
    faults: tuple[Fault, ...] = ()


class Job(Struct, frozen=True):
    """What a new worker is to do.

    Args:
        task: serve the project; answer "not yet"; or show what is broken.
        failed: what is broken, for that task.
        prepares: whether it does first what must be done once, and then waits to be told to serve.
        changed: files of the project that were just saved, relative to its folder.
        token: names what it serves, the same for all workers that serve the same.
        secret: what all workers of the server share, and nobody else knows.
    """

    task: Task
    program: Program
    settings: Settings
    failed: Failed | None = None
    prepares: bool = False
    changed: tuple[str, ...] = ()
    token: str = ""
    secret: bytes = b""


def encode(message: Message) -> bytes:
    """Return a message as its line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message in a line; a line that is no JSON object is an empty message."""
    try:
        message: object = json.loads(line)
    except ValueError:
        return {}
    return cast("Message", message) if isinstance(message, dict) else {}


def encode_job(job: Job) -> bytes:
    """Return a job as the first line of a channel."""
    return encode({"type": "job", "pickle": base64.b64encode(pickle.dumps(job)).decode()})


def decode_job(line: bytes) -> Job:
    """Return the job in the first line of a channel."""
    return cast("Job", pickle.loads(base64.b64decode(str(decode(line)["pickle"]))))  # noqa: S301


class Channel:
    """The worker's end: sending blocks shortly, reading is done by whoever owns the loop."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._file = end.makefile("rb")
        # Several threads tell something, and a long line is not sent at once.
        self._sending = threading.Lock()

    def read(self) -> Message:
        """Wait for the next message; `{"type": "gone"}` once the supervisor has died."""
        line = self._line()
        return decode(line) if line else {"type": "gone"}

    def read_job(self) -> Job | None:
        """Wait for the job; None once the supervisor has died."""
        line = self._line()
        return decode_job(line) if line else None

    def _line(self) -> bytes:
        try:
            return self._file.readline()
        except ConnectionResetError:
            # The supervisor died without having read everything that we told it.
            return b""

    def send(self, message: Message) -> None:
        """Tell the supervisor; when it has died there is nobody to tell."""
        line = encode(message)
        try:
            with self._sending:
                self.end.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            return
