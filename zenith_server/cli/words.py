"""The words of any command line become a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import BoundArguments
from pathlib import Path
from typing import Any

from cyclopts import CycloptsError, UnusedCliTokensError

from zenith_server.cli.commands import application
from zenith_server.cli.usage import UsageError


def understood(
    words: Sequence[str], started: float | None
) -> tuple[Callable[..., Any], BoundArguments]:
    """Return the function of a command, and what it is given.

    Raises:
        UsageError: there is no such command, or its words are not what it takes.
        ProjectError: the project's plugins are needed, and cannot be had.
    """
    try:
        call, given, _ = application(words, started).parse_args(
            words, print_error=False, exit_on_error=False
        )
    except CycloptsError as error:
        raise UsageError(_told(error)) from error
    return call, given


def _told(error: CycloptsError) -> str:
    command = " ".join(["zenith-server", *(error.command_chain or ())])
    text = str(error).strip()
    if isinstance(error, UnusedCliTokensError):
        text = _too_many(error.unused_tokens or ())
    return f"{text}\n\nSee {command} --help."


def _too_many(words: Sequence[str]) -> str:
    folder = next((word for word in words if Path(word).is_dir()), None)
    hint = f"\n\nTo name the project: --project {folder}" if folder else ""
    return f"Too many words: {' '.join(words)}{hint}"
