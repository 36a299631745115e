from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenith_server.secrets import (
    looks_secret,
    masked,
    masked_line,
    masked_text,
    masked_url,
    printable,
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@db:5432/app", "postgresql://ann:***@db:5432/app"),
        ("postgres://ann:p@ss:w/rd?#@db/app", "postgres://ann:***@db/app"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("postgresql://ann@db/app?password=s3cret&x=1", "postgresql://ann@db/app?password=***&x=1"),
        ("host=db user=ann password=s3cret", "host=db user=ann password=***"),
        ("mysql://a/b:pass word@db", "mysql://a/b:***@db"),
        ("postgresql://db:5432/app", "postgresql://db:5432/app"),
        ("sqlite:///data/app.db", "sqlite:///data/app.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_each_line_of_a_text_is_masked_by_itself() -> None:
    text = "at pg://ann:s3cret@db/app\nfailed\n  * Like pg://user:other@host, says bob@x"
    shown = "at pg://ann:***@db/app\nfailed\n  * Like pg://user:***@x"
    assert masked_text(text) == shown


@given(st.text(min_size=12), st.sampled_from(["postgres://u:{}@h/d", "redis://:{}@h"]))
def test_no_password_survives(password: str, url: str) -> None:
    assert password not in masked_url(url.format(password))


@pytest.mark.parametrize(
    ("value", "shown"),
    [("abc", "***"), ("pg://a:b@c", "pg://a:***@c"), (12, "***"), (None, None), ("", "")],
)
def test_a_secret_shows_whether_it_is_set_and_no_more(value: object, shown: object) -> None:
    assert masked(value) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("secret_key: abc  # ours", "secret_key: ***"),
        ('"SMTP-Password" : x', '"SMTP-Password" : ***'),
        ("url: pg://a:b@c/d", "url: pg://a:***@c/d"),
        ("port: 8000", "port: 8000"),
        ("secret_key:", "secret_key:"),
    ],
)
def test_a_line_of_a_file_is_shown_without_secrets(line: str, shown: str) -> None:
    assert masked_line(line) == shown


def test_names_tell_of_secrets() -> None:
    assert all(map(looks_secret, ["token", "API_KEY", "smtp_password", "client-secret", "dsn"]))
    assert not any(map(looks_secret, ["port", "keys", "host", "issuer"]))


def test_nested_values_are_masked_throughout() -> None:
    value = {"jwt": {"secret": "x", "urls": ["pg://a:b@c"]}, "ttl": 5}
    shown = {"jwt": {"secret": "***", "urls": ["pg://a:***@c"]}, "ttl": 5}
    assert printable("auth", value) == shown
