"""Which session models use when nobody names one: that of the request, or the innermost opened."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from zenith_server.errors import Fault

if TYPE_CHECKING:
    from zenith_server.database.session import Session

_open: ContextVar[tuple[Session, ...]] = ContextVar("zenith_sessions", default=())


class NoSession(RuntimeError):
    """A model was used where no session is open."""


@contextmanager
def using(session: Session) -> Generator[None]:
    """Let models use a session in this block, and in what it calls and starts."""
    before = _open.get()
    _open.set((*before, session))
    try:
        yield
    finally:
        _open.set(before)


def current(database: str, model: str) -> Session:
    """Return the session that a model uses now.

    Args:
        database: the name of its database.
        model: its own name, for the message.

    Raises:
        NoSession: none is open; says how to open one.
    """
    for session in reversed(_open.get()):
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
