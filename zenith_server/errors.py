"""What the project's author is told when something is wrong: what, where, why, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, in the four parts that every message of ours has.

    Args:
        what: one sentence, no full stop: what is wrong.
        where: the places, each `file:line`, a file, a setting or a plugin.
        why: the rule that was broken, in a sentence or two.
        fixes: what to do about it, each an instruction that can be followed as it stands.
        cause: the exception that it was found by, with the lines that led to it; two faults are
            the same whatever it is.

    Example:
        >>> place = "environment variable PORT"
        >>> print(Fault("PORT is not a number", (place,), fixes=("Set PORT=8000.",)))
        PORT is not a number
          at environment variable PORT
        <BLANKLINE>
        To fix it:
          * Set PORT=8000.
    """

    what: str
    where: tuple[str, ...] = ()
    why: str = ""
    fixes: tuple[str, ...] = ()
    cause: BaseException | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        parts = ["\n".join([self.what, *(f"  at {place}" for place in self.where)])]
        if self.why:
            parts.append(self.why)
        if self.fixes:
            parts.append("\n".join(["To fix it:", *(f"  * {fix}" for fix in self.fixes)]))
        return "\n\n".join(parts)


class ProjectError(Exception):
    """The project cannot be used as it is; carries every fault found, not just the first.

    Args:
        faults: what is wrong, in the order in which it should be read.

    Example:
        >>> raise ProjectError(Fault("routes/ is empty"))
        Traceback (most recent call last):
        ...
        zenith_server.errors.ProjectError: routes/ is empty
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n\n\n".join(str(fault) for fault in self.faults)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "…"?` for the known word closest to a misspelt one, or nothing.

    Example:
        >>> suggestion("prot", ["port", "host"])
        ' Did you mean "port"?'
    """
    close = get_close_matches(word, list(known), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""
