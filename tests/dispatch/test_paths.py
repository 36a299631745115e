"""The path of a request, split into decoded segments."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenith_server.dispatch.paths import path_of, refuse_traversal, segments_of, without_slash
from zenith_server.problems import BadRequest

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def scope(path: str, raw: str | None = None, root: str = "", query: str = "") -> dict[str, Any]:
    return {
        "path": path,
        "raw_path": None if raw is None else raw.encode(),
        "root_path": root,
        "query_string": query.encode(),
    }


@pytest.mark.parametrize(
    ("path", "raw", "root", "segments"),
    [
        ("/", "/", "", []),
        ("", "", "", []),
        ("/a/b", "/a/b", "", ["a", "b"]),
        ("/a/", "/a/", "", ["a", ""]),
        ("/a/b/c", "/a/b%2Fc", "", ["a", "b/c"]),
        ("/a/ü", "/a/%C3%BC", "", ["a", "ü"]),
        ("/a", "/a?b=%20", "", ["a"]),
        ("/a", None, "", ["a"]),
        ("/shop/a", "/shop/a", "/shop", ["a"]),
        ("/shop/a b", "/shop/a%20b", "/shop", ["a b"]),
        ("/shöp/a b", "/sh%C3%B6p/a%20b", "/shöp/", ["a b"]),
        ("/shop", "/shop", "/shop", []),
        ("/shopping", "/shopping", "/shop", ["shopping"]),
        ("/shopping/ü", "/shopping/%C3%BC", "/shop", ["shopping", "ü"]),
        ("/a", "/a", "/shop", ["a"]),
    ],
)
def test_the_segments_of(path: str, raw: str | None, root: str, segments: list[str]) -> None:
    assert segments_of(scope(path, raw, root)) == segments


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_segments_come_back_from_their_encoded_path(parts: list[str]) -> None:
    raw = "/" + "/".join(quote(part, safe="") for part in parts)
    assert segments_of(scope("/" + "/".join(parts), raw)) == parts


@pytest.mark.parametrize("raw", ["/%FF", "/a/%00", "/%C3"])
def test_a_path_that_is_not_text_is_refused(raw: str) -> None:
    with pytest.raises(BadRequest):
        segments_of(scope("/?", raw))


@pytest.mark.parametrize(
    "value", ["..", "../x", "a/../b", "/etc", "\\etc", "a\\..\\b", "a\0b", "\ufffd"]
)
def test_a_value_that_leads_out_of_its_folder_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        refuse_traversal(("fine", value))


@pytest.mark.parametrize("value", ["a/b", "..a", "a..b", "...", "a/.b", "ü"])
def test_a_value_that_only_looks_like_it_is_not_refused(value: str) -> None:
    refuse_traversal((value,))


def test_the_path_below_a_mount_is_never_empty() -> None:
    assert path_of(scope("/shop", root="/shop")) == "/"


@pytest.mark.parametrize(
    ("given", "location"),
    [
        (scope("/users/", "/users/", query="a=1&b=%20"), b"/users?a=1&b=%20"),
        (scope("/ü/", "/%C3%BC/"), b"/%C3%BC"),
        (scope("/ü\r\n/"), b"/%C3%BC%0D%0A"),
        (scope("/a/", "/a/?x=1", query="x=1"), b"/a?x=1"),
    ],
)
def test_a_url_without_its_last_slash(given: dict[str, Any], location: bytes) -> None:
    assert without_slash(given) == location
