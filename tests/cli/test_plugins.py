from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import HELLO, Command
from tests.projects import write_project

FILES = {
    **HELLO,
    "plugins/mine.py": """
        from zenith_server import Plugin

        class Mine(Plugin):
            name = "mine"
    """,
    "zenith.yaml": "layers: {request_id: false}",
}
PACKAGE = {
    "mail_kit.py": """
        from zenith_server import Plugin

        class Mail(Plugin):
            \"\"\"Sends mail.\"\"\"

            name = "mail"
    """,
    "mail_kit-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: mail-kit\nVersion: 1.0\n",
    "mail_kit-1.0.dist-info/entry_points.txt": "[zenith_server.plugins]\nmail = mail_kit:Mail\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(write_project(tmp_path / "site", PACKAGE)))


def rows(command: Command, **files: str) -> dict[str, dict[str, object]]:
    found = command("plugins", "--json", files={**FILES, **files}).json()
    return {row["name"]: row for row in found}


def test_each_plugin_says_where_it_comes_from(command: Command) -> None:
    found = rows(command)
    assert (found["routes"]["on"], found["routes"]["origin"]) == (True, "built in")
    assert (found["mine"]["on"], found["mine"]["origin"]) == (True, "project, plugins.mine")


def test_a_layer_that_is_off_says_so(command: Command) -> None:
    found = rows(command)["request_id"]
    assert (found["on"], found["reason"]) == (False, "its layer is off in test")


@pytest.mark.usefixtures("package")
def test_an_installed_plugin_is_off_until_it_is_named(command: Command) -> None:
    found = rows(command)["mail"]
    assert (found["on"], found["origin"]) == (False, "package mail_kit:Mail")
    assert found["reason"] == "zenith.yaml does not name it: plugins: [mail]"


@pytest.mark.usefixtures("package")
def test_an_installed_plugin_is_on_when_it_is_named(command: Command) -> None:
    found = rows(command, **{"zenith.yaml": "plugins: [mail]"})["mail"]
    assert (found["on"], found["origin"]) == (True, "package mail_kit")
    assert found["about"] == "Sends mail."


def test_the_table_shows_the_same(command: Command) -> None:
    ran = command("plugins", files=FILES)
    assert ran.code == 0
    assert ran.lines[0] == ["PLUGIN", "STATE", "FROM", "ABOUT"]
    assert ["request_id", "off"] in [line[:2] for line in ran.lines]
    assert ["mine", "on", "project,", "plugins.mine"] in [line[:4] for line in ran.lines]
