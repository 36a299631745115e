from __future__ import annotations

import pytest

from tests.commands import HELLO, Command

FILES = {
    **HELLO,
    "zenith.yaml": """
        server:
          port: 9000
        database:
          url: postgresql://ann:s3cret@db/shop
        plugins:
          mail:
            password: s3cret
    """,
}


def test_each_setting_is_printed_with_its_origin(command: Command) -> None:
    ran = command("config", files=FILES)
    assert ["server.port", "9000", "zenith.yaml:2"] in ran.lines
    assert ["requests.timeout", "30", "default"] in ran.lines
    assert ["cors.origins", "none", "default"] in ran.lines
    assert ["database.echo", "false", "default"] in ran.lines


def test_secrets_are_masked_everywhere(command: Command) -> None:
    for words in ([], ["--explain"], ["--json"]):
        ran = command("config", *words, files=FILES)
        assert "s3cret" not in ran.out
        assert "postgresql://ann:***@db/shop" in ran.out


def test_a_setting_is_explained(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    assert command("config", "server.port", "--explain", files=FILES).out == (
        "server.port = 9001\n"
        "  from environment variable PORT\n"
        "  instead of 9000 from zenith.yaml:2\n"
        "  instead of 8000 from default\n"
        "  The port to listen on; 0 takes a free one.\n"
        "  variables: ZENITH_SERVER__PORT, PORT\n"
    )


def test_a_section_is_printed_alone(command: Command) -> None:
    rows = command("config", "cors", "--json", files=FILES).json()
    assert {row["key"].partition(".")[0] for row in rows} == {"cors"}


def test_lists_are_printed_with_commas(command: Command) -> None:
    ran = command("config", "cors.headers", files=FILES)
    assert "Authorization, Content-Type" in ran.out


def test_an_unknown_setting_gets_a_suggestion(command: Command) -> None:
    ran = command("config", "server.prot", files=FILES)
    assert ran.code == 1
    assert ran.err.startswith('There is no setting "server.prot". Did you mean "server.port"?')


def test_another_project_and_environment_can_be_named(command: Command) -> None:
    files = {"shop/zenith.yaml": "server: {port: 9002}"}
    words = ("config", "server.port", "--project", "shop", "--env", "production", "--json")
    assert command(*words, files=files).json()[0]["value"] == 9002
