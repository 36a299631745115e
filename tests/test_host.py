from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenith_server.host import host_of


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"Example.COM:8000", "example.com"),
        (b"example.com.", "example.com"),
        (b"example.com.:80", "example.com"),
        (b"my_service", "my_service"),
        (b"10.0.0.1:1", "10.0.0.1"),
        (b"[::1]:8000", "::1"),
        (b"[2001:DB8::0:1]", "2001:db8::1"),
        (b"example.com:", "example.com"),
    ],
)
def test_a_host_is_small_letters_without_port(authority: bytes, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize(
    "authority",
    [
        b"",
        b".",
        b"a..b",
        b"a b",
        b"a/b",
        b"a@b",
        b"a#b",
        b"a:b",
        b"a:123456",
        b"[::1",
        b"[:::]",
        b"[1.2.3.4]",
        b"a\nb",
        b"a\n",
        b"\xff",
        b"%61",
        b"a" * 254,
    ],
)
def test_anything_else_is_no_host(authority: bytes) -> None:
    assert host_of(authority) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(authority: bytes) -> None:
    host = host_of(authority)
    assert host is None or host == host.lower()
