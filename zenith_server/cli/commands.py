"""All commands, by name: our own, those of built-in plugins, and those of the project's plugins."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from cyclopts import App, Parameter

from zenith_server.builtin import with_commands
from zenith_server.cli.check import check
from zenith_server.cli.config import config
from zenith_server.cli.files import files
from zenith_server.cli.health import health
from zenith_server.cli.layers import layers
from zenith_server.cli.new import new
from zenith_server.cli.options import HERE
from zenith_server.cli.plugin_commands import parsed
from zenith_server.cli.plugins import plugins
from zenith_server.cli.project import settings_in
from zenith_server.cli.routes import routes
from zenith_server.cli.run import Serve
from zenith_server.cli.status import status
from zenith_server.cli.usage import UsageError
from zenith_server.errors import ProjectError, suggestion
from zenith_server.plugin import Plugin

_COMMANDS = {
    "new": new,
    "check": check,
    "routes": routes,
    "config": config,
    "layers": layers,
    "plugins": plugins,
    "files": files,
    "health": health,
    "status": status,
}
_HELP = ("--help", "-h")
_ABOUT = "Serve a folder of Python files as an API."
_EPILOGUE = "--full-traceback, anywhere: errors show the frames of libraries too."


def application(tokens: Sequence[str], started: float | None = None) -> App:
    """Return the parser of the command line.

    Args:
        tokens: what will be parsed; decides whether the project's own commands are needed.
        started: when the process was started, on the monotonic clock.

    Raises:
        UsageError: the first word was meant to be a command.
        ProjectError: the project's plugins are needed, and cannot be had.
    """
    app = _app("zenith-server", _ABOUT, _EPILOGUE)
    serve = Serve(started)
    app.default(serve.run)
    for name, command in {"run": serve.run, "dev": serve.dev, **_COMMANDS}.items():
        app.command(command, name=name, sort_key=len(list(app)))
    _add(app, with_commands())
    _add_project(app, tokens, _named_project(tokens))
    return app


def _add_project(app: App, tokens: Sequence[str], project: Path) -> None:
    """Add the commands of the project's plugins, where the word is one or help shall list them."""
    word = tokens[0] if tokens else ""
    if _could_be_command(word, app):
        _add(app, _plugins_of(project))
        _refuse_misspelt(tokens, app)
    elif word in _HELP and (project / "plugins").is_dir():
        try:
            _add(app, _plugins_of(project))
        except ProjectError as error:
            what = error.faults[0].what
            app.help_epilogue = f"Commands of the project's plugins are missing: {what}."


def _app(name: str, text: str, epilogue: str | None = None) -> App:
    return App(
        name=name,
        help=text,
        help_format="plaintext",
        help_formatter="default" if sys.stdout.isatty() else "plain",
        help_epilogue=epilogue,
        version_flags=[],
        default_parameter=Parameter(negative=(), show_default=False),
        end_of_options_delimiter="--",
    )


def _add(app: App, plugins: Iterable[Plugin]) -> None:
    """Add the commands of plugins that are not there yet."""
    for plugin in plugins:
        for command in plugin.commands():
            group, _, name = command.name.rpartition(" ")
            if group and group not in app:
                app.command(_app(group, _first_line(plugin)))
            place = app[group] if group else app
            if name not in place:
                place.command(parsed(command), name=name)


def _first_line(plugin: Plugin) -> str:
    return (inspect.getdoc(type(plugin)) or plugin.name).splitlines()[0]


def _could_be_command(word: str, app: App) -> bool:
    is_word = word not in app and not word.startswith((".", "-")) and os.sep not in word
    return bool(word) and is_word and not Path(word).exists()


def _named_project(tokens: Sequence[str]) -> Path:
    for token, following in pairwise([*tokens, ""]):
        if token == "--project":
            return Path(following)
        if token.startswith("--project="):
            return Path(token.partition("=")[2])
    return HERE


def _plugins_of(project: Path) -> Iterable[Plugin]:
    from zenith_server.boot import plugins_of

    return plugins_of(settings_in(project))


def _refuse_misspelt(tokens: Sequence[str], app: App) -> None:
    """Refuse a word that is neither, unless it stands alone and may be a folder's name."""
    word, *rest = tokens
    meant = suggestion(word, [name for name in app if not name.startswith("-")])
    has_arguments = bool(rest) and not rest[0].startswith("-")
    if word not in app and (meant or has_arguments):
        raise UsageError(
            f'"{word}" is neither a command nor a folder.{meant}\n\nSee zenith-server --help.'
        )
