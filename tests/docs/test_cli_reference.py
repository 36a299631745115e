"""`docs/reference/cli.md` has every command with every option, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import Command
from zenith_server.cli.commands import application

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"
OPTION = re.compile(r"--[a-z0-9-]+")


def names() -> list[str]:
    """Every command, those of groups with two words."""
    app = application([])
    found: list[str] = []
    for name in app:
        within = [each for each in app[name] if not each.startswith("-")]
        if not name.startswith("-"):
            found += [f"{name} {each}" for each in within] or [name]
    return found


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_command_has_a_section() -> None:
    assert set(sections()) - {"Commands of plugins"} == set(names())


@pytest.mark.parametrize("name", names())
def test_the_section_has_the_options_of(name: str, command: Command) -> None:
    lines = command(*name.split(), "--help").out.splitlines()
    shown = [line.partition(": ")[0] for line in lines if line.startswith("  ")]
    real = {option for text in shown for option in OPTION.findall(text)}
    assert set(re.findall(r"`(--[a-z0-9-]+)`", sections()[name])) == real


def test_the_example_of_a_plugin_runs(command: Command) -> None:
    example = re.search(r"```python\n(.*?)```", sections()["Commands of plugins"], re.DOTALL)
    assert example is not None
    files = {"plugins/mail.py": example[1]}
    ran = command("mail", "send", "ann@example.com", "--dry", files=files)
    assert ran.out == "sent from test to ann@example.com\n"
