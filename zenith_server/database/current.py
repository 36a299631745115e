"""Which session models use when nobody names one: that of the request, or the innermost opened."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

from zenith_server.errors import Fault

if TYPE_CHECKING:
    from zenith_server.database.session import Session

Sessions: TypeAlias = "tuple[Session, Sessions] | None"
"""The innermost open session, and those around it."""

OPEN: ContextVar[Sessions] = ContextVar("zenith_sessions", default=None)
"""Whoever opens a session puts it before the others, and puts these back at the end."""


class NoSession(RuntimeError):
    """A model was used where no session is open."""


def current(database: str, model: str) -> Session:
    """Return the session that a model uses now.

    Args:
        database: the name of its database.
        model: its own name, for the message.

    Raises:
        NoSession: none is open; says how to open one.
    """
    opened = OPEN.get()
    while opened is not None:
        session, opened = opened
        if session.database.name == database:
            return session
    raise NoSession(str(_none_open(database, model)))


def _none_open(database: str, model: str) -> Fault:
    marker = "DB" if database == "default" else f'DB["{database}"]'
    return Fault(
        f"{model} is used where no session of its database is open",
        why="In a request of the project it is the request's session; here is none.",
        fixes=(
            f"In a handler, take one: session = {marker}.",
            "Elsewhere, open one: async with database.transaction(): …",
        ),
    )
