from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zenith_server.settings.kinds import (
    Kind,
    Raw,
    duration,
    editor,
    hosts,
    names,
    networks,
    one_of,
    origins,
    size,
    text,
    truth,
    whole,
)

ALL = [
    duration(),
    hosts(),
    names(),
    networks(),
    one_of("auto", "off"),
    origins(),
    size(),
    text(),
    truth(),
    whole(0, 9),
]


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (whole(0, 65535), " 8000 ", 8000),
        (whole(1), "1", 1),
        (truth(), "Yes", True),
        (truth(), "off", False),
        (truth(), "0", False),
        (one_of("auto", "off"), "OFF", "off"),
        (text(), " a b ", "a b"),
        (names(), "a, b,,", ("a", "b")),
        (names(), ("a,b", "c"), ("a,b", "c")),
        (names(str.upper), "get", ("GET",)),
        (networks(), "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1/128")),
        (hosts(), "Example.com., *.example.com,*", ("example.com", "*.example.com", "*")),
        (hosts(), "127.0.0.1,[::1],my_host", ("127.0.0.1", "[::1]", "my_host")),
        (origins(), "https://Example.com:8443", ("https://example.com:8443",)),
        (origins(), "*", ("*",)),
        (size(), "1048576", 2**20),
        (size(), "10MiB", 10 * 2**20),
        (size(), "1.5 kb", 1500),
        (size(), "2 GB", 2 * 10**9),
        (duration(), "30", 30.0),
        (duration(), "500ms", 0.5),
        (duration(), "1.5 h", 5400.0),
        (duration(), "365D", 365 * 86400.0),
    ],
)
def test_text_is_understood(kind: Kind[object], raw: Raw, value: object) -> None:
    assert kind.read(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (whole(0, 9), "10"),
        (whole(1), "0"),
        (whole(0, 9), "1.0"),
        (whole(0, 9), "1" * 5000),
        (whole(0, 9), ("1",)),
        (truth(), "maybe"),
        (one_of("auto", "off"), ""),
        (text(), ("a",)),
        (networks(), "10.0.0.0/33"),
        (networks(), "proxy.example.com"),
        (hosts(), "https://example.com"),
        (hosts(), "example.com:8000"),
        (hosts(), "example.com/path"),
        (hosts(), "a.*.example.com"),
        (origins(), "https://example.com/"),
        (origins(), "example.com"),
        (size(), "10 parsecs"),
        (size(), "-1"),
        (size(), "9" * 400),
        (size(), "9" * 305 + "GB"),
        (duration(), "nan"),
        (duration(), "1e3"),
        (duration(), "1:30"),
        (duration(), ""),
    ],
)
def test_text_that_means_nothing_is_refused(kind: Kind[object], raw: Raw) -> None:
    with pytest.raises((TypeError, ValueError)):
        kind.read(raw)


@given(st.sampled_from(ALL), st.text() | st.lists(st.text()).map(tuple))
def test_no_text_does_worse_than_be_refused(kind: Kind[object], raw: Raw) -> None:
    try:
        value = kind.read(raw)
    except (TypeError, ValueError):
        assume(False)
    else:
        assert value is not None


@given(st.integers(0, 2**40), st.sampled_from([("", 1), ("kB", 1000), ("MiB", 2**20)]))
def test_a_size_is_its_number_times_its_unit(number: int, unit: tuple[str, int]) -> None:
    assert size().read(f"{number} {unit[0]}") == number * unit[1]


@given(st.floats(0, 1e9), st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("d", 86400)]))
def test_a_duration_is_its_number_times_its_unit(number: float, unit: tuple[str, float]) -> None:
    written = f"{number:.6f}"
    seconds = duration().read(f"{written}{unit[0]}")
    assert math.isclose(seconds, float(written) * unit[1])


@given(st.integers())
def test_a_number_outside_its_limits_is_refused(number: int) -> None:
    assume(not 3 <= number <= 5)
    with pytest.raises(ValueError, match=str(number)):
        whole(3, 5).read(str(number))


@pytest.mark.parametrize(
    ("raw", "value"),
    [("PyCharm", "pycharm"), ("none", "none"), ("my://{file}#{line}", "my://{file}#{line}")],
)
def test_an_editor_is_a_name_or_a_link(raw: str, value: str) -> None:
    assert editor().read(raw) == value


@pytest.mark.parametrize("raw", ["ed", "my://open", "{file}", "my://{file} {line}"])
def test_anything_else_is_no_editor(raw: str) -> None:
    with pytest.raises(ValueError, match=re.escape(raw)):
        editor().read(raw)
