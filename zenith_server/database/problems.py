"""What an exception from the database means for the client of an API."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zenith_server.database.pool import exhausted
from zenith_server.problems import HTTPException

if TYPE_CHECKING:
    from zenith_server.database.engines import Database

Meaning = Literal["conflict", "bad_value", "unavailable"]

RETRY_AFTER = "1"
"""Seconds after which a client may ask again."""

_log = logging.getLogger("zenith_server.database")
_LEVELS = {"conflict": logging.INFO, "bad_value": logging.INFO, "unavailable": logging.ERROR}
_ANSWERS: dict[Meaning, tuple[int, str, dict[str, str]]] = {
    "conflict": (409, "It contradicts what is stored already", {}),
    "bad_value": (422, "A value does not fit into the database", {}),
    "unavailable": (503, "The database is not available now", {"retry-after": RETRY_AFTER}),
}

# The first two characters of SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_CLASSES: dict[str, Meaning] = {
    "08": "unavailable",  # connection exception
    "22": "bad_value",  # data exception: out of range, NUL in a text, bad text representation
    "23": "conflict",  # integrity constraint violation
    "53": "unavailable",  # insufficient resources, such as too many connections
    "57": "unavailable",  # operator intervention, such as a shutdown
}
_STATES: dict[str, Meaning | None] = {
    "23502": "bad_value",  # not null
    "23514": "bad_value",  # check
    "40001": "unavailable",  # could not serialize: the same again may succeed
    "40P01": "unavailable",  # deadlock
    "57014": None,  # a statement was cancelled, for example by statement_timeout
}
# Numbers of MySQL and MariaDB, https://mariadb.com/kb/en/mariadb-error-code-reference/
_NUMBERS: dict[int, Meaning] = {
    **dict.fromkeys((1022, 1062, 1169, 1216, 1217, 1451, 1452, 1557, 1761, 1762), "conflict"),
    **dict.fromkeys((1048, 1264, 1292, 1364, 1366, 1406, 3819, 4025), "bad_value"),
    **dict.fromkeys((1040, 1053, 1205, 1213, 2002, 2003, 2006, 2013, 2055), "unavailable"),
}
_SQLITE: tuple[tuple[str, Meaning], ...] = (
    ("UNIQUE constraint", "conflict"),
    ("FOREIGN KEY constraint", "conflict"),
    ("NOT NULL constraint", "bad_value"),
    ("CHECK constraint", "bad_value"),
    ("datatype mismatch", "bad_value"),
    ("database is locked", "unavailable"),
    ("unable to open", "unavailable"),
)
_TOO_LARGE = ("too large to convert to SQLite INTEGER", "string longer than INT_MAX")


def classify(error: BaseException) -> Meaning | None:
    """Return what a failed statement or commit means for the client, or nothing if it is our bug.

    `conflict`: rows that are there stand against it: a unique or foreign key. `bad_value`: a
    value that the column cannot hold, which the client may have sent. `unavailable`: the
    database is away, restarts, or has no connection left; trying again later may help.

    Args:
        error: any exception.

    Example:
        >>> classify(ConnectionRefusedError())
        'unavailable'
    """
    if isinstance(error, (ConnectionError, PoolTimeout)):
        return "unavailable"
    if isinstance(error, OverflowError):
        return "bad_value" if any(text in str(error) for text in _TOO_LARGE) else None
    if isinstance(error, UnicodeEncodeError):  # half a character, as JSON may spell it: "\\ud800"
        return "bad_value" if error.reason == "surrogates not allowed" else None
    if type(error).__module__.startswith("asyncpg."):
        return _of_setting_up(error)
    return _of_database(error) if isinstance(error, DBAPIError) else None


class DatabaseProblem(HTTPException):
    """What a client is told about a failed statement.

    Args:
        meaning: what it means.
        cause: the database's own words, for the log and for development.
    """

    def __init__(self, meaning: Meaning, cause: str) -> None:
        status, self.public, headers = _ANSWERS[meaning]
        super().__init__(status, f"{self.public}: {cause}", headers)


def problem(error: Exception, databases: Iterable[Database] = ()) -> DatabaseProblem | None:
    """Return what a client is told about a failed statement, or nothing if it is our bug.

    The database's own words are logged; they may hold values and names.

    Args:
        error: what a handler or a commit raised.
        databases: those of the project, to tell whose connections ran out.

    Example:
        >>> problem(ConnectionRefusedError()).status_code
        503
    """
    meaning = classify(error)
    if meaning is None:
        return None
    cause = str(getattr(error, "orig", None) or error)
    if isinstance(error, PoolTimeout):
        cause = exhausted(databases) or cause
    found = DatabaseProblem(meaning, cause)
    _log.log(_LEVELS[meaning], "%s", found.detail)
    return found


def _of_setting_up(error: BaseException) -> Meaning | None:
    """What SQLAlchemy lets through: asyncpg's own words about a connection that is just made."""
    is_closed = re.search(r"connection (is|was) closed", str(error)) is not None
    return "unavailable" if is_closed else _by_state(error)


def _of_database(error: DBAPIError) -> Meaning | None:
    if error.connection_invalidated:
        return "unavailable"
    found: Iterator[Meaning | None] = (
        _by_number(cause) or _by_state(cause) or _by_text(cause) for cause in _causes(error)
    )
    return next((meaning for meaning in found if meaning is not None), None)


def _causes(error: DBAPIError) -> Iterator[BaseException]:
    """The driver's exception, and those that it was raised from."""
    cause: BaseException | None = error.orig
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _by_state(cause: BaseException) -> Meaning | None:
    state = getattr(cause, "sqlstate", None)
    if not isinstance(state, str):
        return None
    return _STATES[state] if state in _STATES else _CLASSES.get(state[:2])


def _by_number(cause: BaseException) -> Meaning | None:
    number = cause.args[0] if cause.args else None
    return _NUMBERS.get(number) if isinstance(number, int) else None


def _by_text(cause: BaseException) -> Meaning | None:
    if not type(cause).__module__.startswith("sqlite3"):
        return None
    return next((meaning for text, meaning in _SQLITE if text in str(cause)), None)
