"""Which endpoint answers a path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zenith_server.dispatch.tree import Endpoint, Router
from zenith_server.names import Pattern, Segment, template

RANKS = {"static": 0, "parameter": 1, "rest": 2}
WORDS = st.sampled_from(["a", "b", "c"])
SEGMENTS = st.one_of(WORDS.map(lambda word: Segment("static", word)), st.just(None))


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    found = [
        segment or Segment("parameter", f"p{index}")
        for index, segment in enumerate(draw(st.lists(SEGMENTS, max_size=4)))
    ]
    rest = [Segment("rest", "rest")] if draw(st.booleans()) else []
    return Pattern((*found, *rest))


PATHS = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=6)


def router(*texts: str) -> Router:
    return Router([Endpoint(template(text)) for text in texts])


def found(tree: Router, path: str) -> tuple[str, tuple[str, ...]] | None:
    result = tree.find([part for part in path.split("/")[1:] if path != "/"])
    return None if result is None else (str(result[0].pattern), result[1])


def values_of(pattern: Pattern, path: list[str]) -> tuple[str, ...] | None:
    """Match one pattern alone, the slow way."""
    values: list[str] = []
    for index, segment in enumerate(pattern.segments):
        if segment.kind == "rest":
            rest = path[index:]
            return (*values, "/".join(rest)) if any(rest) else None
        if index >= len(path) or not path[index]:
            return None
        if segment.kind == "static" and path[index] != segment.name:
            return None
        if segment.kind == "parameter":
            values.append(path[index])
    return tuple(values) if len(path) == len(pattern.segments) else None


def best(candidates: list[Pattern], path: list[str]) -> tuple[Pattern, tuple[str, ...]] | None:
    """The most specific match, segment by segment from the left."""
    matches = [(p, v) for p in candidates if (v := values_of(p, path)) is not None]
    ranked = sorted(matches, key=lambda match: [RANKS[s.kind] for s in match[0].segments])
    return ranked[0] if ranked else None


@given(st.lists(patterns(), max_size=12, unique_by=lambda pattern: pattern.shape), PATHS)
def test_the_tree_agrees_with_matching_each_pattern_alone(
    candidates: list[Pattern], path: list[str]
) -> None:
    result = Router([Endpoint(pattern) for pattern in candidates]).find(path)
    expected = best(candidates, path)
    assert (None if result is None else (result[0].pattern, result[1])) == expected


@given(st.lists(patterns(), max_size=12, unique_by=lambda p: p.shape).flatmap(st.permutations))
def test_the_order_in_which_patterns_are_added_does_not_matter(candidates: list[Pattern]) -> None:
    path = ["a", "b", "a"]
    one = Router([Endpoint(pattern) for pattern in candidates]).find(path)
    other = Router([Endpoint(pattern) for pattern in sorted(candidates, key=str)]).find(path)
    assert (one and one[0].pattern) == (other and other[0].pattern)


def test_fixed_text_comes_before_a_parameter_and_a_parameter_before_a_catch_all() -> None:
    tree = router("/users/{id}", "/users/me", "/users/{path:path}")
    assert found(tree, "/users/me") == ("/users/me", ())
    assert found(tree, "/users/5") == ("/users/{id}", ("5",))
    assert found(tree, "/users/5/x") == ("/users/{path}", ("5/x",))


def test_a_pattern_with_more_parameters_is_not_less_specific() -> None:
    tree = router("/files/{path:path}", "/files/{id}/{rev}")
    assert found(tree, "/files/1/2") == ("/files/{id}/{rev}", ("1", "2"))


def test_a_branch_that_leads_nowhere_gives_way_to_the_next_one() -> None:
    tree = router("/users/me", "/users/{id}/posts")
    assert found(tree, "/users/me/posts") == ("/users/{id}/posts", ("me",))


def test_values_of_a_branch_that_led_nowhere_are_not_kept() -> None:
    tree = router("/{a}/{b}/x", "/{path:path}")
    assert found(tree, "/1/2/y") == ("/{path}", ("1/2/y",))


def test_a_parameter_is_never_empty() -> None:
    assert found(router("/users/{id}"), "/users/") is None
    assert found(router("/files/{path:path}"), "/files/") is None


def test_an_endpoint_says_which_methods_it_takes() -> None:
    async def handler(*_: object) -> None: ...

    endpoint = Endpoint(template("/"), dict.fromkeys(("POST", "GET", "WEBSOCKET"), handler))
    assert endpoint.allow == "GET, POST"
