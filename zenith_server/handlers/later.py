"""What is made when it is first needed: a handler's function, a reader, a writer.

Most of what would be made at a start is for handlers that are not asked for soon, and with many
files it would be the largest part of it. What is wrong with a handler is found before: all of its
code is written at the start, and each of its types is looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from zenith_server.protocol import ASGIApp, Receive, Scope, Send

# What it returns is still to be sent: a reply, another ASGI app, or nothing.
Handler = Callable[[Scope, Receive, Send, Any], Awaitable[ASGIApp | None]]


class FirstUse:
    """A function of one value that is made when it is first called.

    Args:
        make: returns the function.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Callable[[Any], Any]]) -> None:
        self._make = make
        self._made: Callable[[Any], Any] | None = None

    def __call__(self, value: Any) -> Any:
        """Call the function."""
        return self.made()(value)

    def made(self) -> Callable[[Any], Any]:
        """Return the function."""
        if self._made is None:
            self._made = self._make()
        return self._made


class Later:
    """Stands in for a handler until it is made, and then gives its places to it.

    Args:
        make: returns the handler.
        reads_body: whether that may read the body of a request.
        sends: whether it may send by itself, and not only return what is to be sent.
    """

    __slots__ = ("_made", "_make", "_places", "reads_body", "sends")

    def __init__(self, make: Callable[[], Handler], *, reads_body: bool, sends: bool) -> None:
        self._make: Callable[[], Handler] | None = make
        self._made: Handler | None = None
        self._places: list[tuple[dict[str, Handler], str]] = []
        self.reads_body = reads_body
        self.sends = sends

    def __call__(
        self, scope: Scope, receive: Receive, send: Send, values: Any
    ) -> Awaitable[ASGIApp | None]:
        """Answer a request, as the handler does."""
        return self.made()(scope, receive, send, values)

    def made(self) -> Handler:
        """Return the handler."""
        if self._make is not None:
            self._made, self._make = self._make(), None
            for table, key in self._places:
                table[key] = self._made
        return cast("Handler", self._made)

    def gives_way(self, table: dict[str, Handler], key: str) -> None:
        """Leave a place in a table to the handler, once that is made."""
        self._places.append((table, key))

    def through(self, wrap: Callable[[Handler], Handler]) -> Later:
        """Return the same with something around the handler."""
        return Later(lambda: wrap(self.made()), reads_body=self.reads_body, sends=self.sends)
