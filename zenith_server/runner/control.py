"""The control socket: a running server tells its state to whoever may know, on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

from zenith_server.errors import Fault, ProjectError

State = dict[str, object]
_TIMEOUT = 3.0
_NAME = "zenith-server"


class Control:
    """Answers on a Unix socket that only this user, and root, can reach.

    It takes no orders: what connects is told the state as JSON, and that is all.

    Args:
        root: the project's folder, from which the command finds the socket.
        state: makes what is told.
    """

    def __init__(self, root: Path, state: Callable[[], State]) -> None:
        self._state = state
        self._root = root
        self.path: Path | None = None

    async def open(self) -> None:
        """Begin to answer.

        Raises:
            ProjectError: there is no private folder to put the socket in.
        """
        path = _private_folder() / f"{_key(self._root)}-{os.getpid()}.sock"
        path.unlink(missing_ok=True)
        try:
            self._server = await asyncio.start_unix_server(self._tell, path)
        except OSError as error:
            raise _unusable(path, str(error)) from error
        path.chmod(0o600)
        self.path = path

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(self._state()).encode())
        # Whoever asked may not have waited.
        with suppress(ConnectionError):
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    def close(self) -> None:
        """Answer no more."""
        if self.path is not None:
            self._server.close()
            self.path.unlink(missing_ok=True)


def states(root: Path) -> list[State]:
    """Return the state of every server of a project that runs on this machine, the oldest first.

    The sockets of servers that were killed are removed.

    Args:
        root: the project's folder.

    Example:
        >>> states(Path("a-project-that-nobody-serves"))
        []
    """
    found = [state for path in _sockets(root) if (state := _ask(path)) is not None]
    return sorted(found, key=lambda state: cast("float", state["age"]), reverse=True)


def _ask(path: Path) -> State | None:
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_TIMEOUT)
            asking.connect(str(path))
            return cast("State", json.loads(b"".join(iter(lambda: asking.recv(65_536), b""))))
    except ConnectionRefusedError:
        with suppress(OSError):
            path.unlink()
    except (OSError, ValueError):
        # Just ending, or another user's.
        return None
    return None


def _sockets(root: Path) -> Iterator[Path]:
    # A folder that is not private may hold somebody else's answers.
    user = os.getuid()
    folders = [each for each in _folders() if user == 0 or _is_private(each, user)]
    if user == 0:
        folders += Path(tempfile.gettempdir()).glob(f"{_NAME}-*")
    for folder in dict.fromkeys(folders):
        yield from folder.glob(f"{_key(root)}-*.sock")


def _key(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]


def _folders() -> list[Path]:
    """Return where the socket may be: what the system gives each user first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    shared = Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    return [*([Path(runtime) / _NAME] if runtime else []), shared]


def _private_folder() -> Path:
    for folder in _folders():
        # One that cannot be made, or is not ours, is left alone.
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            if _is_private(folder, os.getuid()):
                return folder
    raise _unusable(_folders()[-1], "it cannot be made, or others may write to it")


def _is_private(folder: Path, user: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    others = found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == user and not others


def _unusable(path: Path, reason: str) -> ProjectError:
    return ProjectError(
        Fault(
            "zenith-server status will not find this server",
            (str(path),),
            f"The socket for it cannot be opened: {reason}.",
            ("Name a folder that this user may write to: XDG_RUNTIME_DIR=/run/shop.",),
        )
    )
