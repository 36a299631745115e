"""The example stays short, because newcomers read it."""

from __future__ import annotations

from tests.example_project.conftest import PROJECT

MOST_LINES = 550


def test_the_example_is_short() -> None:
    files = [f for f in PROJECT.rglob("*.py") if "migrations" not in f.relative_to(PROJECT).parts]
    lines = [line.strip() for file in files for line in file.read_text("utf-8").splitlines()]
    assert 100 < sum(bool(line) and not line.startswith("#") for line in lines) <= MOST_LINES
