"""How files, URLs and modules are called."""

from __future__ import annotations

import re
from pkgutil import resolve_name

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenith_server.errors import ProjectError
from zenith_server.names import Pattern, Segment, module_of, natural, template, url_of

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,4}", fullmatch=True).filter(str.isidentifier)
PARTS = st.one_of(
    st.text(alphabet="ab1_-.[]()~ǀlrgq", min_size=1, max_size=6),
    st.text(alphabet=st.characters(exclude_characters="/\0"), min_size=1, max_size=6),
    st.sampled_from(["class", "import", "ǀqclass", "ǀ", "[id]", "[...path]", "(admin)", "2_auth"]),
)
RELATIVES = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/".join(parts) + ".py")
WORDS = st.sampled_from(["users", "me", "robots.txt", "a-b", "v1", "~ada", "x"])


@st.composite
def patterns(draw: st.DrawFn, *, rest: bool = True) -> Pattern:
    parts = draw(st.lists(st.sampled_from(["static", "parameter"]), max_size=5))
    segments = [
        Segment("static", draw(WORDS)) if part == "static" else Segment("parameter", f"p{index}")
        for index, part in enumerate(parts)
    ]
    if rest and draw(st.booleans()):
        segments.append(Segment("rest", "rest"))
    return Pattern(tuple(segments))


def file_of(pattern: Pattern) -> str:
    forms = {"static": "{}", "parameter": "[{}]", "rest": "[...{}]"}
    parts = [forms[segment.kind].format(segment.name) for segment in pattern.segments]
    return "/".join(["routes", *parts, "index.py"])


def braces_of(pattern: Pattern) -> str:
    forms = {"static": "{}", "parameter": "{{{}}}", "rest": "{{{}:path}}"}
    return "/" + "/".join(forms[s.kind].format(s.name) for s in pattern.segments)


@pytest.mark.parametrize(
    ("relative", "url"),
    [
        ("routes/index.py", "/"),
        ("routes/users.py", "/users"),
        ("routes/users/index.py", "/users"),
        ("routes/users/[id].py", "/users/{id}"),
        ("routes/users/[id]/posts.py", "/users/{id}/posts"),
        ("routes/files/[...path].py", "/files/{path}"),
        ("routes/(admin)/stats.py", "/stats"),
        ("routes/(admin)/index.py", "/"),
        ("routes/robots.txt.py", "/robots.txt"),
        ("routes/.well-known/security.txt.py", "/.well-known/security.txt"),
    ],
)
def test_the_url_of_a_file(relative: str, url: str) -> None:
    assert str(url_of(relative)) == url


@given(patterns())
def test_a_pattern_comes_back_from_its_file_name(pattern: Pattern) -> None:
    assert url_of(file_of(pattern)) == pattern


@given(patterns())
def test_a_pattern_comes_back_from_its_template(pattern: Pattern) -> None:
    assert template(braces_of(pattern)) == pattern


@given(patterns(rest=False))
def test_a_pattern_without_a_catch_all_comes_back_from_its_text(pattern: Pattern) -> None:
    assert template(str(pattern)) == pattern


@given(patterns(rest=False), patterns())
def test_patterns_are_added_segment_by_segment(left: Pattern, right: Pattern) -> None:
    both = left + right
    assert both.shape == left.shape + right.shape
    assert both.parameters == left.parameters + right.parameters
    assert both.is_static == (left.is_static and right.is_static)


@pytest.mark.parametrize(
    ("relative", "what"),
    [
        ("routes/[2nd].py", '"2nd" cannot be the name of a parameter'),
        ("routes/[class].py", '"class" cannot be the name of a parameter'),
        ("routes/[].py", '"" cannot be the name of a parameter'),
        ("routes/[id.py", '"[id" is not a URL segment'),
        ("routes/user[id].py", '"user[id]" is not a URL segment'),
        ("routes/a b.py", '"a b" is not a URL segment'),
        ("routes/(a b)/().py", '"()" is not a URL segment'),
        ("routes/[id]/[id].py", "/{id}/{id} takes id twice"),
        ("routes/[...path]/more.py", "/{path}/more goes on after its catch-all"),
    ],
)
def test_a_name_that_means_nothing_is_refused(relative: str, what: str) -> None:
    with pytest.raises(ProjectError) as caught:
        url_of(relative)
    assert caught.value.faults[0].what == what
    assert caught.value.faults[0].where == (relative,)


@pytest.mark.parametrize("relative", ["routes/Index.py", "routes/users/INDEX.py"])
def test_an_index_in_another_case_is_refused(relative: str) -> None:
    with pytest.raises(ProjectError, match="is written in another case than"):
        url_of(relative)


@pytest.mark.parametrize("text", ["/{id", "/a b", "/{id:int}", "/{}", "/{a-b}", "/{x}/{x}", "/.."])
def test_a_template_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ProjectError):
        template(text)


@given(RELATIVES, RELATIVES)
def test_two_files_never_share_a_module_name(one: str, other: str) -> None:
    assert (module_of(one) == module_of(other)) == (one == other)


@given(RELATIVES)
def test_each_part_of_a_module_name_can_be_written_in_python(relative: str) -> None:
    parts = module_of(relative).split(".")
    assert len(parts) == relative.count("/") + 1
    assert all(re.fullmatch(r"[^\W\d]\w*", part) for part in parts)


def test_a_plain_file_keeps_the_name_that_import_gives_it() -> None:
    assert module_of("models/article.py") == "models.article"


def test_a_group_stays_in_the_module_name() -> None:
    assert module_of("routes/(admin)/settings.py") != module_of("routes/settings.py")


def test_tools_that_resolve_dotted_names_accept_a_module_name() -> None:
    with pytest.raises(ModuleNotFoundError):  # and not ValueError: invalid format
        resolve_name(f"{module_of('routes/users/[id].py')}:get")


def test_two_comes_before_ten() -> None:
    assert sorted(["10_b", "9", "2_a", "1"], key=natural) == ["1", "2_a", "9", "10_b"]


@given(st.text(alphabet="01a٣.", max_size=5), st.text(alphabet="01a٣.", max_size=5))
def test_the_natural_order_is_total(one: str, other: str) -> None:
    assert (natural(one) < natural(other)) + (natural(other) < natural(one)) == (one != other)


@given(st.lists(st.integers(0, 10**6)))
def test_the_natural_order_of_numbers_is_theirs(numbers: list[int]) -> None:
    texts = [f"{number}_x.py" for number in numbers]
    assert sorted(texts, key=natural) == [f"{number}_x.py" for number in sorted(numbers)]
