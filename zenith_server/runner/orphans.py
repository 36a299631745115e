"""What the system leaves to a supervisor: the orphans of others, and being orphaned itself."""

from __future__ import annotations

import os


def reap() -> None:
    """Collect every ended child: as PID 1 of a container we inherit the orphans of others."""
    try:
        pid = -1
        while pid:
            pid, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return


def has_terminal() -> bool:
    """Say whether this process still has the terminal that it was started from."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
