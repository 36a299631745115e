"""The optional base of services."""

from __future__ import annotations


class Service:
    """A class whose instance handlers take by its type; the base only names the idea.

    Its constructor's parameters are injected. One that takes something of a request, such as a
    session, is made anew for each request; any other is made once, and its `initialize()` and
    `close()`, if it has them, are awaited when the app starts and stops.

    Example:
        >>> class Clock(Service):
        ...     def now(self) -> datetime: ...
    """
