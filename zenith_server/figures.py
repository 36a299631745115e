"""What a process counted, as values that can be sent and added up.

The names are those of Prometheus: https://prometheus.io/docs/concepts/metric_types/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WHOLE = "zenith.whole"
"""Where the state of a lifespan holds what tells the figures of all workers together."""
GAUGE = "gauge"


class Sample(NamedTuple):
    """One number, under the name and labels that a scraper knows it by."""

    name: str
    labels: dict[str, str]
    value: float


class Family(NamedTuple):
    """Numbers that mean the same.

    Args:
        name: what they are called.
        kind: `counter`, `histogram`, `summary`, or what has no sum: `gauge` and the rest.
        text: what they mean.
        samples: each of them.
    """

    name: str
    kind: str
    text: str
    samples: list[Sample]


def read(rows: Iterable[Iterable[object]]) -> list[Family]:
    """Return the families that came as JSON."""
    found = [Family(*row) for row in rows]  # pyright: ignore[reportArgumentType]
    return [family._replace(samples=[Sample(*s) for s in family.samples]) for family in found]


def together(processes: Iterable[tuple[str, Iterable[Family]]]) -> list[Family]:
    """Return the figures of several processes as those of one.

    Counters and histograms are added up. A gauge says how something is in one process, and keeps
    that process's id as the label `pid`.

    Args:
        processes: the id of each, and its families; no id for those that have ended, of which
            only what can be added up is kept.

    Example:
        >>> one = Family("orders", "counter", "Orders.", [Sample("orders_total", {}, 2.0)])
        >>> together([("7", [one]), ("8", [one])])[0].samples
        [Sample(name='orders_total', labels={}, value=4.0)]
    """
    found: dict[str, Family] = {}
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    order: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], None]] = {}
    for pid, families in processes:
        for family in families:
            can_add = family.kind in _ADDED
            if not can_add and not pid:
                continue
            found.setdefault(family.name, family)
            keys = order.setdefault(family.name, {})
            for name, labels, value in family.samples:
                own = labels if can_add else {**labels, "pid": pid}
                key = (name, tuple(sorted(own.items())))
                sums[key] = sums.get(key, 0.0) + value
                keys[key] = None
    return [
        family._replace(samples=[Sample(k[0], dict(k[1]), sums[k]) for k in order[name]])
        for name, family in found.items()
    ]


_ADDED = ("counter", "histogram", "summary")
