"""The settings of connections: how many there may be, how slow, and how they are encrypted."""

from __future__ import annotations

from zenith_server.settings.keys import Section, key
from zenith_server.settings.kinds import duration, size, whole


class Connections(Section, frozen=True):
    """How many connections there may be, and how little a client may do with one."""

    limit: int = key(
        whole(1, 1_000_000),
        10_000,
        "Open connections of each worker; further ones wait in the backlog.",
    )
    per_client: int = key(
        whole(0, 1_000_000),
        0,
        "Open connections of one address to each worker, trusted proxies apart; 0 sets no limit.",
    )
    idle: float = key(
        duration(),
        10.0,
        "How long a connection may be without a request, and how long the head of a request may "
        "take; behind a load balancer more than its own idle time.",
    )
    stalled: float = key(
        duration(),
        20.0,
        "How long a client may leave its answer waiting, or take it slower than "
        "connections.min_rate; 0 sets no end.",
    )
    min_rate: int = key(
        size(),
        240,
        "Bytes a second at which a client has to send its body, after 5 seconds, and to take its "
        "answer; 0 sets none.",
    )
    head_limit: int = key(
        size(), 64 * 2**10, "The largest head of a request: its URL and all of its headers."
    )
