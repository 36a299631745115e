"""All commands, by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, Parameter

from zenith_server.cli.check import check
from zenith_server.cli.config import config
from zenith_server.cli.health import health
from zenith_server.cli.options import UsageError
from zenith_server.cli.routes import routes
from zenith_server.cli.run import Serve
from zenith_server.errors import suggestion

_COMMANDS = (routes, check, config, health)


def application(tokens: Sequence[str], started: float | None = None) -> App:
    """Return the parser of the command line.

    Args:
        tokens: what will be parsed; decides whether the project's own commands are needed.
        started: when the process was started, on the monotonic clock.

    Raises:
        UsageError: the first word was meant to be a command.
    """
    app = _app("zenith-server", "Serve a folder of Python files as an API.")
    serve = Serve(started)
    app.default(serve.run)
    app.command(serve.run, name="run")
    app.command(serve.dev, name="dev")
    for command in _COMMANDS:
        app.command(command)
    _refuse_misspelt(tokens, app)
    return app


def _app(name: str, text: str) -> App:
    return App(
        name=name,
        help=text,
        help_format="plaintext",
        help_formatter="default" if sys.stdout.isatty() else "plain",
        version_flags=[],
        default_parameter=Parameter(show_default=False),
        end_of_options_delimiter="--",
    )


def _refuse_misspelt(tokens: Sequence[str], app: App) -> None:
    word = tokens[0] if tokens else ""
    names = [name for name in app if not name.startswith("-")]
    meant = suggestion(word, names)
    is_word = word not in names and not word.startswith((".", "-")) and os.sep not in word
    if meant and is_word and not Path(word).exists():
        raise UsageError(
            f'"{word}" is neither a command nor a folder.{meant}\n\nSee zenith-server --help.'
        )
