from __future__ import annotations

from pathlib import Path

import pytest

from tests.error_page.failing import settings_of
from zenith_server.error_page.veil import Veil, veil_of


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("at postgresql://ann:s3cret@db/x failed", "at postgresql://ann:***@db/x failed"),
        ("user=ann password=abc", "user=ann password=***"),
        ("Login(api_key='abc', user='ann')", "Login(api_key='***', user='ann')"),
        ("{'Authorization': 'Bearer abcdefgh'}", "{'Authorization': '***'}"),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer ***"),
        ("csrf='it\\'s', x=1", "csrf='***', x=1"),
        ("the token is missing", "the token is missing"),
        ("it was hunter2hunter2!", "it was ***!"),
    ],
)
def test_a_text_is_shown_without_secrets(text: str, covered: str) -> None:
    assert Veil(["hunter2hunter2"]).text(text) == covered


def test_between_the_urls_of_a_value_everything_else_stays() -> None:
    value = "{'a': 'redis://:s3cret@cache/0', 'to': 'bob@example.com', 'b': 'http://x:80/'}"
    assert Veil().value(value) == value.replace("s3cret", "***")


@pytest.mark.parametrize(
    ("line", "covered"),
    [
        ("PASSWORD = 'hushhush'", "PASSWORD = '***'"),
        ("async def get(token: str): ...", "async def get(token: str): ..."),
        ("token = read(request)", "token = read(request)"),
        ("URL = 'redis://:s3cret@cache'", "URL = 'redis://:***@cache'"),
    ],
)
def test_code_is_shown_without_the_secrets_that_are_written_into_it(
    line: str, covered: str
) -> None:
    assert Veil().source(line) == covered


def test_a_line_of_configuration_is_shown_without_its_secret() -> None:
    assert Veil().configuration("  secret_key: abc") == "  secret_key: ***"


@pytest.mark.parametrize(
    "name", ["Authorization", "set-cookie", "session_id", "csrf", "smtp_password"]
)
def test_some_names_show_no_value_at_all(name: str) -> None:
    assert Veil().is_secret(name)


def test_what_the_settings_keep_secret_is_covered_wherever_it_stands(tmp_path: Path) -> None:
    veil = veil_of(
        settings_of(
            tmp_path,
            DATABASE_URL="postgresql://shop:p%40ssw0rd@db/shop",
            SECRET_KEY="a-key-of-the-project",
            STRIPE_API_KEY="sk_live_0123456789",
            BROKER="amqp://me:brokerword@mq",
            PATH_TO_TOKEN="12345",
            HOME="/srv/ann",
        )
    )
    for secret in ("p%40ssw0rd", "p@ssw0rd", "a-key-of-the-project", "sk_live_0123456789"):
        assert veil.text(f"({secret})") == "(***)"
    assert veil.text("brokerword 12345 /srv/ann") == "*** 12345 /srv/ann"


def test_a_secret_that_is_a_word_is_one_only_by_itself() -> None:
    assert Veil(["postgres"]).text("postgresql as postgres") == "postgresql as ***"
    assert Veil(["p0stgres"]).text("p0stgresql as p0stgres") == "***ql as ***"


def test_the_settings_of_plugins_and_further_databases_are_secret_too(tmp_path: Path) -> None:
    (tmp_path / "zenith.yaml").write_text(
        "plugins: {mail: {smtp: {password: mailword}}}\n"
        "databases: {stats: {url: 'postgresql://me:statsword@db/x'}}\n"
    )
    veil = veil_of(settings_of(tmp_path))
    assert veil.text("mailword statsword") == "*** ***"
