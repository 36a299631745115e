"""The raw parts of a request are read exactly, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zenith_server.handlers.request import (
    ClientDisconnected,
    Tape,
    add,
    body_pieces,
    body_reader,
    content_type,
    decoded,
    header,
    header_values,
    read_cookies,
    read_pairs,
    read_query,
    require_json,
)
from zenith_server.problems import BadRequest, ContentTooLarge, UnsupportedMediaType
from zenith_server.protocol import Message, Receive, Scope


def receiving(*parts: bytes, leaves: bool = False) -> Receive:
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": leaves or index < len(parts)}
        for index, part in enumerate(parts, start=1)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def headers(*pairs: tuple[bytes, bytes]) -> Scope:
    return {"headers": list(pairs)}


# --- query and cookies ---


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        (b"a", {"a": ""}),
        (b"&&a=1&", {"a": "1"}),
        (b"a=1=2", {"a": "1=2"}),
        (b"a+b=c+d", {"a b": "c d"}),
        (b"a=%2B", {"a": "+"}),
        (b"a=%zz", {"a": "%zz"}),
        (b"caf%C3%A9=%E2%82%AC", {"café": "€"}),
        ("é=ü".encode(), {"é": "ü"}),
    ],
)
def test_a_query_is_read(raw: bytes, values: dict[str, Any]) -> None:
    assert read_query({"query_string": raw}) == values


@pytest.mark.parametrize("raw", [b"a=%ff", b"%ff=a", b"\xff=a", b"a=%C3"])
def test_a_query_is_utf_8(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="The URL is not valid UTF-8"):
        read_query({"query_string": raw})


def test_a_query_holds_no_nul() -> None:
    with pytest.raises(BadRequest, match="The URL holds a NUL character"):
        read_query({"query_string": b"a=%00"})


def test_a_fault_of_a_form_names_the_form() -> None:
    with pytest.raises(BadRequest, match="The form is not valid UTF-8"):
        read_pairs(b"a=%ff", "The form")


def test_plus_is_itself_outside_of_a_query() -> None:
    assert decoded(b"a+b") == "a+b"


def test_values_of_one_name_are_a_list() -> None:
    values: dict[str, Any] = {}
    for value in "abc":
        add(values, "x", value)
    assert values == {"x": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"a=1; b=2", {"a": "1", "b": "2"}),
        (b'a="1"', {"a": "1"}),
        (b"a=1; a=2", {"a": "1"}),
        (b"; =; a; \xff=\x80; b=2", {"": "", "\xff": "\x80", "b": "2"}),
    ],
)
def test_cookies_are_read(raw: bytes, values: dict[str, str]) -> None:
    assert read_cookies(headers((b"host", b"x"), (b"cookie", raw))) == values


# --- headers ---


def test_a_header_is_found_or_nothing() -> None:
    scope = headers((b"host", b"example.com"))
    assert header(scope, b"host") == b"example.com"
    assert header(scope, b"accept") is None


def test_a_header_that_comes_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="The header authorization is there more than once"):
        header(headers((b"authorization", b"a"), (b"authorization", b"b")), b"authorization")


def test_all_headers_of_a_name_are_found_in_order() -> None:
    scope = headers((b"via", b"a"), (b"host", b"x"), (b"via", b"b"))
    assert header_values(scope, b"via") == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (b"text/html", ("text/html", "")),
        (b'Text/HTML ; Charset="UTF-8"; a=b', ("text/html", "utf-8")),
        (b"multipart/form-data; boundary=charset", ("multipart/form-data", "")),
        (b"", ("", "")),
    ],
)
def test_a_content_type_has_a_media_type_and_a_charset(
    value: bytes, parts: tuple[str, str]
) -> None:
    assert content_type(value) == parts


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"; profile=x',
        b"Application/JSON",
        b"application/vnd.api+json",
    ],
)
def test_json_says_that_it_is(value: bytes) -> None:
    require_json(headers((b"content-type", value)))


@pytest.mark.parametrize(
    "value",
    [
        *(b"text/plain", b"application/x-www-form-urlencoded", b"text/x+json", b"json", b""),
        *(b"application/json; charset=latin-1", b"\xff\xfe"),
    ],
)
def test_other_bodies_are_not_taken_for_json(value: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="Send JSON with Content-Type"):
        require_json(headers((b"content-type", value)))


def test_a_body_without_content_type_is_not_taken_for_json() -> None:
    with pytest.raises(UnsupportedMediaType, match="got no Content-Type"):
        require_json(headers())


# --- bodies ---

LIMIT = 10


@pytest.mark.parametrize("parts", [[b"0123456789"], [b"01234", b"56789"], [b"", b"", b"01"], [b""]])
async def test_a_body_within_the_limit_is_read(parts: list[bytes]) -> None:
    assert await body_reader(LIMIT)(headers(), receiving(*parts)) == b"".join(parts)


@pytest.mark.parametrize("parts", [[b"0123456789x"], [b"01234", b"56789", b"x"]])
async def test_a_body_beyond_the_limit_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(ContentTooLarge, match="The body is larger than 10 bytes"):
        await body_reader(LIMIT)(headers(), receiving(*parts))


async def test_a_body_that_says_it_is_too_large_is_not_waited_for() -> None:
    scope = headers((b"content-length", b"11"))
    with pytest.raises(ContentTooLarge):
        await body_reader(LIMIT)(scope, receiving(b"0", leaves=True))


@pytest.mark.parametrize("length", [b"x", b"-1", b"9"])
async def test_what_is_no_length_is_not_believed(length: bytes) -> None:
    scope = headers((b"content-length", length))
    assert await body_reader(LIMIT)(scope, receiving(b"0", b"1")) == b"01"


@pytest.mark.parametrize("parts", [[], [b"01"], [b"01", b"23"]])
async def test_a_client_that_goes_away_has_sent_nothing(parts: list[bytes]) -> None:
    with pytest.raises(ClientDisconnected):
        await body_reader(LIMIT)(headers(), receiving(*parts, leaves=True))


async def test_pieces_of_a_body_come_as_they_arrive() -> None:
    pieces = body_pieces(headers(), receiving(b"01", b"23"), LIMIT)
    assert [piece async for piece in pieces] == [b"01", b"23"]


async def test_a_tape_is_read_as_often_as_wanted() -> None:
    tape = Tape(receiving(b"01", b"23"))
    read: Callable[..., Any] = body_reader(LIMIT)
    assert [await read(headers(), tape.reader()) for _ in range(2)] == [b"0123", b"0123"]
