"""What a reload did to the routes: which came, which went, which say something else now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct


class Change(Struct, frozen=True):
    """One route that is not what it was.

    Args:
        sign: it came (`+`), says something else (`~`), or went (`-`).
        route: its method and pattern.
        place: its file and line; of one that went, where it stood.
    """

    sign: Literal["+", "~", "-"]
    route: str
    place: str


Routes = Mapping[str, Sequence[str]]
"""By method and pattern: the place, and what changes with the code."""


def changes(before: Routes, after: Routes) -> tuple[Change, ...]:
    """Return what came, what changed and what went, by pattern.

    Example:
        >>> changes({}, {"GET /": ("routes/index.py:1", "c0ffee")})
        (Change(sign='+', route='GET /', place='routes/index.py:1'),)
    """
    found = [Change("+", name, after[name][0]) for name in after if name not in before]
    both = [name for name in after if name in before]
    found += [Change("~", name, after[name][0]) for name in both if _differ(before, after, name)]
    found += [Change("-", name, before[name][0]) for name in before if name not in after]
    return tuple(sorted(found, key=lambda change: change.route.partition(" ")[::-1]))


def _differ(before: Routes, after: Routes, name: str) -> bool:
    """A handler may move within its file: only what it does counts, and which file has it."""
    (place, code), (new_place, new_code) = before[name], after[name]
    return (place.rpartition(":")[0], code) != (new_place.rpartition(":")[0], new_code)
