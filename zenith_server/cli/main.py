"""From words on a command line to an exit code, with every failure told."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import asdict

from zenith_server.cli.output import complain
from zenith_server.cli.plain import plain
from zenith_server.cli.serving import serve_project
from zenith_server.cli.usage import UsageError
from zenith_server.errors import ProjectError

FULL_TRACEBACK = "--full-traceback"
_VARIABLE = "ZENITH_LOGGING__FULL_TRACEBACK"
PROJECT, USAGE = 1, 2


def command_line(words: Sequence[str], started: float | None = None) -> int:
    """Run one command.

    Args:
        words: what follows `zenith-server`.
        started: when the process was started, on the monotonic clock.

    Returns:
        The exit code: 0 all is well, 1 the project is at fault, 2 the command was not understood;
        those of a server that ran are in `runner.exits`.

    Example:
        >>> command_line(["check", "./example_project"])
        0
    """
    tokens = [word for word in words if word != FULL_TRACEBACK]
    if FULL_TRACEBACK in words:
        # Workers are other processes, and any command may read the settings.
        os.environ[_VARIABLE] = "true"
    served = plain(tokens)
    if served is not None:
        return _run(partial(serve_project, **asdict(served), started=started), served.project)
    try:
        from zenith_server.cli.words import understood

        call, given = understood(tokens, started)
    except UsageError as error:
        complain(str(error))
        return USAGE
    except ProjectError as error:
        return _refused(error)
    project = given.arguments.get("project", ".")
    return _run(partial(call, *given.args, **given.kwargs), project)


def _run(call: Callable[[], object], project: Path) -> int:
    try:
        return _told(_finished(call()))
    except UsageError as error:
        complain(str(error))
        return USAGE
    except ProjectError as error:
        return _refused(error)
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - from the project's code: told in its own lines
        return _failed(error, project)


def _finished(result: object) -> object:
    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def _told(result: object) -> int:
    if isinstance(result, str):
        print(result)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _refused(error: ProjectError) -> int:
    complain(str(error))
    return PROJECT


def _failed(error: Exception, project: Path) -> int:
    from zenith_server.runner.trace import describe

    root = Path(project).resolve()
    full = os.environ.get(_VARIABLE) == "true"
    complain(describe(error, root, full=full))
    return PROJECT


def _reader_left() -> int:
    """End quietly when the output went into `head`; Python would complain once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PROJECT
