"""How slow a client may send its body."""

from __future__ import annotations

from zenith_server.exchange import Exchange

# A connection may begin slowly.
GRACE = 5.0
TICK = 1.0
"""Seconds between two looks at the bodies on their way."""


class Pace:
    """Ends the wait for bodies that take too long or come too slowly.

    Args:
        rate: bytes a second, on average, after the first five seconds; 0 for any.
        longest: seconds that a whole body may take; 0 for any.
    """

    def __init__(self, rate: int, longest: float) -> None:
        self._rate = rate
        self._longest = longest

    def look(self, exchange: Exchange, now: float) -> None:
        """Cancel who waits for what is too slow."""
        if exchange.reader is None or exchange.late:
            return
        exchange.reading = exchange.reading or now
        exchange.late = self._fault(now - exchange.reading, exchange.read)
        if exchange.late:
            exchange.reader.cancel()

    def _fault(self, seconds: float, size: int) -> str:
        if self._longest and seconds >= self._longest:
            return f"The body did not arrive within {self._longest:g} s"
        if seconds >= GRACE and size < self._rate * seconds:
            return f"The body came more slowly than {self._rate} bytes a second"
        return ""
