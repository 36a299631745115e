from __future__ import annotations

import pytest

from zenith_server.runner.engines.http3 import heads

ASKED = [(b":method", b"get"), (b":scheme", b"https"), (b":path", b"/a?b"), (b":authority", b"x:1")]


def test_a_head_has_the_host_where_other_versions_have_it() -> None:
    head = heads.read([*ASKED, (b"a", b"1"), (b"host", b"x:1")], 1000)
    assert (head.method, head.path, head.target) == ("GET", "/a", b"/a?b")
    assert head.headers == [(b"host", b"x:1"), (b"a", b"1")]


def test_cookies_become_one() -> None:
    cookies = [(b"cookie", b"a=1"), (b"b", b""), (b"cookie", b"c=2")]
    assert heads.read([*ASKED, *cookies], 1000).headers[1:] == [
        (b"b", b""),
        (b"cookie", b"a=1; c=2"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        [(b"host", b"x:2")],
        [(b"host", b"x:1"), (b"host", b"y")],
        [(b"content-length", b"1"), (b"content-length", b"1")],
        [(b"content-length", b"1_0")],
        [(b"a", b"\x7f")],
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(more: heads.Fields) -> None:
    with pytest.raises(heads.Refused) as refused:
        heads.read([*ASKED, *more], 1000)
    assert refused.value.args == (400,)


def test_a_field_counts_with_what_it_costs() -> None:
    empty = [(b"x-%d" % number, b"") for number in range(20)]
    assert heads.read([*ASKED, *empty], 1000)
    with pytest.raises(heads.Refused) as refused:
        heads.read([*ASKED, *empty], 600)
    assert refused.value.args == (431,)
