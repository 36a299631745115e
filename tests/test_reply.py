"""A whole response is two messages."""

from __future__ import annotations

import pytest

from zenith_server.reply import reply


def test_a_reply_has_its_length() -> None:
    answer = reply(200, [(b"x-a", b"1")], b"hi")
    assert answer.headers == [(b"x-a", b"1"), (b"content-length", b"2")]
    assert answer.body == b"hi"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_none_and_no_length(status: int) -> None:
    answer = reply(status, [(b"x-a", b"1")], b"hi")
    assert answer.headers == [(b"x-a", b"1")]
    assert answer.body == b""


def test_the_headers_that_were_given_stay_as_they_are() -> None:
    headers = [(b"x-a", b"1")]
    reply(200, headers, b"hi")
    assert headers == [(b"x-a", b"1")]
