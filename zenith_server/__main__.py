"""The command `zenith-server`, and `python -m zenith_server`."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext

from zenith_server.version import __version__


def main() -> int:
    """Run the command line of this process and return the exit code."""
    started = time.monotonic()
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"zenith-server {__version__}")  # noqa: T201 - the answer
        return 0
    from zenith_server.runner.headstart import headstart, serves

    with headstart() if serves(sys.argv[1:]) else nullcontext():
        from zenith_server.cli import command_line

        return command_line(sys.argv[1:], started)


if __name__ == "__main__":
    sys.exit(main())
