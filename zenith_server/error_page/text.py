"""A failure as plain text: for terminals, for reports, to be copied."""

from __future__ import annotations

from collections.abc import Iterator

from zenith_server.error_page.failure import Failure, Problem
from zenith_server.error_page.raised import Frame, Raised


def written(failure: Failure) -> str:
    """Return the text: the lines of the project first, those of libraries after them."""
    lines = [failure.what]
    if failure.asked is not None and failure.asked.identity:
        lines.append(f"request {failure.asked.identity}, {failure.asked.origin}".rstrip(", "))
    for problem in failure.problems:
        lines += ["", *_problem(problem)]
    return "\n".join([*lines, ""])


def _problem(problem: Problem) -> Iterator[str]:
    if problem.what:
        yield problem.what
        yield from (f"  at {window.name}:{window.line}" for window in problem.windows)
        yield from (f"  at {place}" for place in problem.places)
        yield ""
    if problem.raised is not None:
        yield from _raised(problem.raised)
        yield ""
    if problem.why:
        yield from (problem.why, "")
    if problem.fixes:
        yield "To fix it:"
        yield from (f"  * {fix}" for fix in problem.fixes)


def _raised(raised: Raised) -> Iterator[str]:
    yield f"{raised.kind}: {raised.message}" if raised.message else raised.kind
    yield from raised.notes
    own = raised.own
    yield from _frames(own)
    others = tuple(frame for frame in raised.frames if not frame.is_own)
    if others:
        yield "  in libraries:" if own else "  in libraries, and nowhere in the project:"
        yield from _frames(others)
    for other in raised.others:
        yield ""
        yield f"{other.link}:"
        yield from _raised(other)


def _frames(frames: tuple[Frame, ...]) -> Iterator[str]:
    for frame in frames:
        call = f" in {frame.call}" if frame.call else ""
        yield f"  {frame.window.name}:{frame.window.line}{call}"
        if frame.window.text:
            yield f"    {frame.window.text}"
