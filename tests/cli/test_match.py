"""The search that is told aloud finds what the segment tree finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from zenith_server.cli.match import match
from zenith_server.dispatch.tree import Endpoint, Router
from zenith_server.names import Pattern, Segment, template

WORDS = some.sampled_from(["a", "b", "c", ""])
STATICS = some.sampled_from(["a", "b", "c"]).map(lambda name: Segment("static", name))
PARTS = some.one_of(STATICS, some.just(Segment("parameter", "p")))
PATTERNS = some.builds(
    lambda parts, rest: Pattern((*parts, *([Segment("rest", "r")] if rest else []))),
    some.lists(PARTS, max_size=3),
    some.booleans(),
)


@given(some.lists(PATTERNS, max_size=8), some.lists(WORDS, max_size=4))
def test_it_agrees_with_the_router(patterns: list[Pattern], segments: list[str]) -> None:
    unique = list({pattern.shape: pattern for pattern in patterns}.values())
    found = Router([Endpoint(pattern) for pattern in unique]).find(segments)
    told = match(unique, segments)
    assert told.pattern == (found[0].pattern if found else None)


def choices(segments: str, *patterns: str) -> list[tuple[str, str]]:
    found = match(map(template, patterns), segments.split("/"))
    return [(step.segment, step.choice) for step in found.steps]


def test_it_tells_when_it_turns_back() -> None:
    assert choices("users/me/posts", "/users/me", "/users/{id}/posts") == [
        ("users", "static"),
        ("me", "static"),
        ("me", "back"),
        ("me", "parameter"),
        ("posts", "static"),
    ]


def test_a_catch_all_takes_the_rest() -> None:
    found = match([template("/files/{path:path}")], ["files", "a", "b"])
    assert found.values == {"path": "a/b"}
    assert found.steps[1].segment == "a/b"


def test_it_says_what_a_choice_comes_before() -> None:
    patterns = map(template, ["/x/a", "/x/{id}", "/x/{path:path}"])
    note = match(patterns, ["x", "a"]).steps[1].note
    assert note == "fixed text, which comes before a parameter and a catch-all"


def test_a_misspelt_segment_gets_a_suggestion() -> None:
    found = match([template("/users/{id}")], ["usrs", "7"])
    assert (found.pattern, found.hint) == (None, 'Did you mean "users"?')


def test_a_slash_at_the_end_is_pointed_out() -> None:
    found = match([template("/users")], ["users", ""])
    assert found.hint == "The slash at its end makes it another URL; leave it out."
    assert found.nearest == (template("/users"),)


def test_urls_that_go_on_are_the_nearest() -> None:
    found = match(map(template, ["/users/{id}", "/tags"]), ["users"])
    assert found.nearest == (template("/users/{id}"),)
