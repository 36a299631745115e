"""Which pattern answers a URL, and by which decisions: the segment tree's search, told aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct, field

from zenith_server.errors import suggestion
from zenith_server.names import Pattern, Segment

Choice = Literal["static", "parameter", "rest", "back"]
NEAREST = 5


class Step(Struct, frozen=True):
    """One decision.

    Args:
        segment: the part of the URL that it is about.
        choice: fixed text, a parameter, the whole rest, or back from a branch that leads nowhere.
        note: the decision in words.
    """

    segment: str
    choice: Choice
    note: str


class Match(Struct, frozen=True):
    """What came of a search.

    Args:
        pattern: the pattern that answers, if one does.
        values: the text of each of its parameters.
        steps: the decisions, in order.
        nearest: patterns that agree with the beginning of the URL, where none answers.
        hint: what might have been meant, as a sentence, or nothing.
    """

    pattern: Pattern | None
    values: dict[str, str] = field(default_factory=dict[str, str])
    steps: tuple[Step, ...] = ()
    nearest: tuple[Pattern, ...] = ()
    hint: str = ""


def match(patterns: Iterable[Pattern], segments: Sequence[str]) -> Match:
    """Search the patterns for the one that answers a URL.

    Args:
        patterns: all that there are.
        segments: the URL's path between its slashes, decoded; none for `/`.

    Example:
        >>> match([template("/users/{id}")], ["users", "7"]).values
        {'id': '7'}
    """
    search = _Search(segments)
    found = search.below(tuple(dict.fromkeys(patterns)), 0)
    if found is not None:
        return Match(found, _values(found, segments), tuple(search.steps))
    return search.failure()


class _Search(Struct):
    segments: Sequence[str]
    steps: list[Step] = field(default_factory=list[Step])
    depth: int = 0
    nearest: tuple[Pattern, ...] = ()

    def below(self, patterns: tuple[Pattern, ...], index: int) -> Pattern | None:
        """Search patterns that agree with the URL up to a segment."""
        if index >= self.depth:
            self.depth, self.nearest = index, patterns
        if index == len(self.segments):
            return next((each for each in patterns if len(each.segments) == index), None)
        branches = list(_branches(patterns, self.segments, index))
        for number, (choice, branch) in enumerate(branches):
            self._took(choice, branch, index, [kind for kind, _ in branches[number + 1 :]])
            found = branch[0] if choice == "rest" else self.below(branch, index + 1)
            if found is not None:
                return found
            self.steps.append(Step(self.segments[index], "back", "nothing below answers the rest"))
        return None

    def failure(self) -> Match:
        """Say what would have been there, and what might have been meant."""
        known = [str(each.segments[self.depth]) for each in self.nearest if self._goes_on(each)]
        hint = ""
        if self.depth < len(self.segments):
            hint = suggestion(self.segments[self.depth], known).strip()
            if self.segments[-1] == "" and self.depth == len(self.segments) - 1:
                hint = "The slash at its end makes it another URL; leave it out."
        near = self.nearest[:NEAREST] if self.depth or len(self.segments) < 2 else ()
        return Match(None, {}, tuple(self.steps), near, hint)

    def _goes_on(self, pattern: Pattern) -> bool:
        return len(pattern.segments) > self.depth

    def _took(
        self, choice: Choice, branch: tuple[Pattern, ...], index: int, passed: list[Choice]
    ) -> None:
        here = branch[0].segments[index]
        taken = "/".join(self.segments[index:]) if choice == "rest" else self.segments[index]
        note = _told(here)
        if passed:
            note += f", which comes before {' and '.join(_NAMES[kind] for kind in passed)}"
        self.steps.append(Step(taken, choice, note))


_ORDER: tuple[Literal["static", "parameter", "rest"], ...] = ("static", "parameter", "rest")
_NAMES: dict[Choice, str] = {"parameter": "a parameter", "rest": "a catch-all"}


def _told(segment: Segment) -> str:
    if segment.kind == "static":
        return "fixed text"
    kind = "parameter" if segment.kind == "parameter" else "catch-all"
    return f"{kind} {segment}"


def _branches(
    patterns: Iterable[Pattern], segments: Sequence[str], index: int
) -> Iterator[tuple[Choice, tuple[Pattern, ...]]]:
    """The ways on from here, in the order in which they are tried."""
    going = [pattern for pattern in patterns if len(pattern.segments) > index]
    for kind in _ORDER:
        here = [each for each in going if each.segments[index].kind == kind]
        branch = tuple(each for each in here if _fits(each.segments[index], segments[index:]))
        if branch:
            yield kind, branch


def _fits(part: Segment, rest: Sequence[str]) -> bool:
    if part.kind == "static":
        return part.name == rest[0]
    return bool(rest[0]) if part.kind == "parameter" else any(rest)


def _values(pattern: Pattern, segments: Sequence[str]) -> dict[str, str]:
    return {
        part.name: "/".join(segments[index:]) if part.kind == "rest" else segments[index]
        for index, part in enumerate(pattern.segments)
        if part.kind != "static"
    }
