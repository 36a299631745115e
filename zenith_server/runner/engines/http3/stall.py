"""Whether the client of an answer takes it, and fast enough."""

from __future__ import annotations

from zenith_server.settings import Connections


class Stall:
    """Watches one answer, as `zenith_server.runner.connections` watches a connection of TCP.

    Args:
        limits: `stalled` says after what time it is judged, in seconds, `min_rate` how many bytes a
            second the client has to take by then.
    """

    def __init__(self, limits: Connections) -> None:
        self._seconds = limits.stalled
        self._rate = limits.min_rate
        self._since = 0.0
        self._taken = 0
        self._given = 0

    def is_over(self, taken: int, given: int, now: float) -> bool:
        """Whether what waited for the client has waited for too long.

        Args:
            taken: bytes of the answer that the client has acknowledged.
            given: bytes that there are for it.
            now: the time, in seconds.

        Example:
            >>> stall = Stall(Connections(stalled=20.0, min_rate=240))
            >>> seen = ((0, 1), (900, 11), (1800, 21))
            >>> [stall.is_over(taken, 50_000, now) for taken, now in seen]
            [False, False, True]
        """
        if taken >= self._given:
            # All that waited when it was last looked at has been taken.
            self._since, self._taken, self._given = now, taken, given
            return False
        seconds = now - self._since
        if not self._seconds or seconds < self._seconds:
            return False
        is_slow = taken - self._taken <= self._rate * seconds
        self._since, self._taken, self._given = now, taken, given
        return is_slow
