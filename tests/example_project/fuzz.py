"""Requests that no client would send, over everything that the example project answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

Request = tuple[str, str, list[tuple[str, str]], bytes]

NAMES = ("ann", "bob", "first", "1", "feed", "..", "%", "\0", "\ud800", "9" * 400, "é", "a/b")
URLS = (
    "/api/users",
    "/api/users/login",
    "/api/user",
    "/api/profiles/{}",
    "/api/profiles/{}/follow",
    "/api/articles",
    "/api/articles/feed",
    "/api/articles/{}",
    "/api/articles/{}/comments",
    "/api/articles/{}/comments/{}",
    "/api/articles/{}/favorite",
    "/api/tags",
    "/openapi.json",
    "/docs",
    "/docs/{}",
    "/health",
    "/{}",
    "//{}",
)
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(NAMES))
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=9,
)
FIELDS = st.sampled_from(
    [
        *("username", "email", "password", "bio", "image", "title", "description", "body"),
        *("tagList", "user", "article", "comment", "id", "slug"),
    ]
)
GOOD = st.sampled_from(["ann", "a@b.example", "correct horse", "T", ["a"], ""])
INNER = st.dictionaries(FIELDS, VALUES | GOOD, max_size=6)
WHOLE = st.dictionaries(st.sampled_from(["user", "article", "comment"]), INNER, max_size=2)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    (VALUES | INNER | WHOLE).map(lambda value: json.dumps(value).encode()),
)
KINDS = st.sampled_from(
    [
        *("application/json", "application/json; charset=utf-8", "application/merge-patch+json"),
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "x", ""),
    ]
)
HEADERS = st.sampled_from(
    [
        *(
            "authorization",
            "cookie",
            "content-length",
            "accept",
            "accept-encoding",
            "host",
            "range",
        ),
        *("if-none-match", "origin", "x-request-id", "x-forwarded-for", "api-version", "expect"),
    ]
)
LINES = st.one_of(
    st.binary(max_size=20).map(lambda value: value.decode("latin-1")),
    st.sampled_from(["Token x", "Bearer x", "Token " + "a.b.c", "*", "bytes=0-", "9" * 40]),
)
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "TRACE", "BREW", "get"]
)
QUERY = st.dictionaries(
    st.sampled_from(["limit", "offset", "tag", "author", "favorited"]) | TEXTS, TEXTS, max_size=4
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Return a method, a URL, headers and a body."""
    url = draw(st.sampled_from(URLS))
    path = url.format(*(_quoted(draw(TEXTS)) for _ in range(url.count("{}"))))
    pairs = "&".join(f"{_quoted(k)}={_quoted(v)}" for k, v in draw(QUERY).items())
    headers = draw(st.lists(st.tuples(HEADERS, LINES), max_size=3))
    return draw(METHODS), f"{path}?{pairs}", [("content-type", draw(KINDS)), *headers], draw(BODIES)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")
