"""Log lines: readable for people, one JSON object each for machines."""

from __future__ import annotations

import json
import logging
import os
import time
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from zenith_server.secrets import masked_text
from zenith_server.settings.sections import Logging

STDERR = 2
ATOMIC = 4096
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"DEBUG": "\033[2m", "WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}
_PLAIN = "\033[0m"
# A value of a client in a message can neither begin a line that looks like ours nor steer a
# terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {9: "\t"}
_IN_LINE = _CONTROLS | {10: "\n    "}


def configure(settings: Logging, descriptor: int = STDERR) -> None:
    """Send every logger's messages to one file descriptor, in the form that the settings ask for.

    Args:
        settings: the level and the format.
        descriptor: where to, standard error by default.

    Example:
        >>> configure(settings.logging)
    """
    coloured = os.isatty(descriptor) and not os.environ.get("NO_COLOR")
    handler = Lines(descriptor)
    handler.setFormatter(Console(coloured=coloured) if settings.format == "console" else Json())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # At "info" these describe their own set-up, several lines a start; the banner tells the rest.
    for talkative in ("alembic", "zenith_server.database.pool"):
        logger = logging.getLogger(talkative)
        logger.setLevel("NOTSET" if settings.level == "debug" else "WARNING")


class Lines(logging.Handler):
    """Writes each record in one piece, so that threads and processes never mix their lines.

    `logging.StreamHandler` encodes, buffers, flushes and locks for the same, at twice the cost.

    Args:
        descriptor: the file descriptor to write to.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record that passes the filters, without the lock that a buffer would need."""
        passes = bool(self.filter(record))
        if passes:
            self.emit(record)
        return passes

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            os.write(self._descriptor, f"{self.format(record)}\n".encode(errors="replace"))
        except Exception:  # noqa: BLE001 - `logging` reports it, a request does not fail of it
            self.handleError(record)

    def write(self, lines: bytes) -> None:
        """Write whole lines, in pieces that a pipe takes in one (POSIX, PIPE_BUF)."""
        begin = 0
        while begin < len(lines):
            end = lines.rfind(b"\n", begin, begin + ATOMIC) + 1 or lines.find(b"\n", begin) + 1
            try:
                os.write(self._descriptor, lines[begin:end])
            except OSError:
                self.handleError(logging.makeLogRecord({"msg": "Lines could not be written"}))
            begin = end


def only_json(logger: logging.Logger) -> Lines | None:
    """Return the handler of a logger where that writes JSON, and nothing else sees its records."""
    handlers = [*logger.handlers, *(logging.root.handlers if logger.propagate else ())]
    if len(handlers) != 1 or logger.filters:
        return None
    [only] = handlers
    is_ours = isinstance(only, Lines) and isinstance(only.formatter, Json) and not only.filters
    return cast("Lines", only) if is_ours else None


class Json(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, then what the record brings.

    A message that is a msgspec Struct is the whole line: its fields are named as it wants them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message: object = record.msg
        line = message if isinstance(message, msgspec.Struct) else self._fields(record)
        try:
            return self._encode(line).decode()
        except UnicodeEncodeError:
            # Text with half a surrogate pair, as in a file name that is not UTF-8.
            return json.dumps(msgspec.to_builtins(line, enc_hook=str))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _masked(record.getMessage()),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info or record.stack_info:
            line["error"] = _details(self, record)
        return line


class Console(logging.Formatter):
    """One line for a person: time of day, level and message; tracebacks below it.

    Args:
        coloured: whether to use colours.
    """

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = record.levelname.ljust(7)
        colour = _COLOURS.get(record.levelname) if self._coloured else None
        shown = f"{colour}{level}{_PLAIN}" if colour else level
        message = _masked(record.getMessage()).translate(_IN_LINE)
        return "\n".join(filter(None, (f"{clock} {shown} {message}", _details(self, record))))


def _masked(text: str) -> str:
    return masked_text(text) if "://" in text else text


def _details(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the traceback of a record, without the values of variables, which may be secret."""
    parts: list[str] = []
    if record.exc_info:
        parts.append(_masked(formatter.formatException(record.exc_info)))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(parts)
