"""From words on a command line to an exit code, with every failure told."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from inspect import BoundArguments
from pathlib import Path
from typing import Any

from cyclopts import CycloptsError, UnusedCliTokensError

from zenith_server.cli.commands import application
from zenith_server.cli.options import UsageError
from zenith_server.cli.output import complain
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
    try:
        call, given, _ = application(tokens, started).parse_args(
            tokens, print_error=False, exit_on_error=False
        )
    except CycloptsError as error:
        return _misunderstood(error)
    except UsageError as error:
        complain(str(error))
        return USAGE
    except ProjectError as error:
        return _refused(error)
    return _run(call, given)


def _run(call: Callable[..., Any], given: BoundArguments) -> int:
    try:
        return _told(_finished(call(*given.args, **given.kwargs)))
    except UsageError as error:
        complain(str(error))
        return USAGE
    except ProjectError as error:
        return _refused(error)
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - from the project's code: told in its own lines
        return _failed(error, given)


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


def _misunderstood(error: CycloptsError) -> int:
    command = " ".join(["zenith-server", *(error.command_chain or ())])
    text = str(error).strip()
    if isinstance(error, UnusedCliTokensError):
        text = _too_many(error.unused_tokens or ())
    complain(f"{text}\n\nSee {command} --help.")
    return USAGE


def _too_many(words: Sequence[str]) -> str:
    folder = next((word for word in words if Path(word).is_dir()), None)
    hint = f"\n\nTo name the project: --project {folder}" if folder else ""
    return f"Too many words: {' '.join(words)}{hint}"


def _refused(error: ProjectError) -> int:
    complain(str(error))
    return PROJECT


def _failed(error: Exception, given: BoundArguments) -> int:
    from zenith_server.runner.trace import describe

    root = Path(given.arguments.get("project", ".")).resolve()
    full = os.environ.get(_VARIABLE) == "true"
    complain(describe(error, root, full=full))
    return PROJECT


def _reader_left() -> int:
    """End quietly when the output went into `head`; Python would complain once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PROJECT
