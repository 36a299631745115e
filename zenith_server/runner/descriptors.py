"""How many files and sockets this process may open."""

from __future__ import annotations

import resource
from contextlib import suppress

# For files, database connections and whatever else the project opens besides its connections.
_RESERVED = 200
_MOST = 1_000_000


def descriptor_room() -> int:
    """Raise the soft limit of descriptors to the hard one; return how many connections fit.

    The soft limit is 1024 on most systems for the sake of `select`, which nothing here uses.

    Example:
        >>> descriptor_room() > 0
        True
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            # macOS calls its hard limit infinite and refuses it.
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    most = _MOST if soft == resource.RLIM_INFINITY else soft
    return max(most - _RESERVED, most // 2)
