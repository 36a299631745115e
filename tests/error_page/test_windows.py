from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.projects import write_project
from zenith_server.error_page.veil import Veil
from zenith_server.error_page.windows import Sources, Window

LINES = [f"line_{number} = {number}" for number in range(1, 21)]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    files = {
        "app.py": "\n".join(LINES),
        "zenith.yaml": "server:\n  prot: 1\n  secret_key: hush\n",
        ".env": "A=1\n",
        "login.py": 'PASSWORD = "hush"\n',
        "routes/[id].py": "",
    }
    return Sources(write_project(tmp_path, files), Veil())


def rows(window: Window) -> list[str]:
    return ["".join(text for _, text in line) for line in window.lines]


def test_a_window_is_the_lines_around_a_line(sources: Sources, tmp_path: Path) -> None:
    window = sources.window(str(tmp_path / "app.py"), 10, 2)
    assert (window.first, rows(window), window.text) == (8, LINES[7:12], "line_10 = 10")


@pytest.mark.parametrize(("line", "first", "last"), [(1, 1, 3), (20, 18, 20)])
def test_a_window_ends_where_the_file_does(
    sources: Sources, tmp_path: Path, line: int, first: int, last: int
) -> None:
    window = sources.window(str(tmp_path / "app.py"), line, 2)
    assert (window.first, rows(window)) == (first, LINES[first - 1 : last])


def test_a_window_neither_begins_nor_ends_empty(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("a = 1\n\nb = 2\n  \nc = 3\n")
    window = sources.window(str(tmp_path / "app.py"), 3, 1)
    assert (window.first, rows(window)) == (3, ["b = 2"])


def test_a_window_is_of_what_was_saved_last(sources: Sources, tmp_path: Path) -> None:
    sources.window(str(tmp_path / "app.py"), 1, 0)
    (tmp_path / "app.py").write_text("quite = 'another text'\n")
    assert rows(sources.window(str(tmp_path / "app.py"), 1, 0)) == ["quite = 'another text'"]


def test_inside_a_long_text_the_colours_are_those_of_the_text(
    sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text('def get():\n    """Long.\n\n    if so\n\n    """\n')
    window = sources.window(str(tmp_path / "app.py"), 4, 0, begin=1)
    assert window.lines == ((("text", "    if so"),),)


def test_what_cannot_be_read_has_a_place_and_no_lines(sources: Sources) -> None:
    window = sources.window("<nowhere>", 3, 2)
    assert (window.name, window.line, window.lines, window.text) == ("<nowhere>", 3, (), "")


def test_a_line_that_is_no_more_has_none_either(sources: Sources, tmp_path: Path) -> None:
    assert sources.window(str(tmp_path / "zenith.yaml"), 99, 2).lines == ()


def test_a_secret_in_a_line_is_covered_and_nothing_marked(sources: Sources, tmp_path: Path) -> None:
    window = sources.window(str(tmp_path / "login.py"), 1, 1, columns=(0, 3))
    assert (rows(window), window.columns) == (["PASSWORD = '***'"], None)


def test_a_place_of_a_message_has_a_window(sources: Sources) -> None:
    window = sources.place("zenith.yaml:2", 3)
    assert window is not None
    assert rows(window) == ["server:", "  prot: 1", "  secret_key: ***"]


@pytest.mark.parametrize(
    "where", ["app.py", "plugin health", "gone.py:3", "variable PORT", ".env:1"]
)
def test_other_places_have_none(sources: Sources, where: str) -> None:
    assert sources.place(where, 3) is None


def test_a_file_has_a_short_name(sources: Sources, tmp_path: Path) -> None:
    assert sources.name(str(tmp_path / "routes/[id].py")) == "routes/[id].py"
    assert sources.name(pytest.__file__) == "pytest/__init__.py"
    assert sources.name(json.__file__) == "json/__init__.py"
    assert sources.name("/elsewhere/x.py") == "/elsewhere/x.py"


def test_files_of_the_project_are_its_own(sources: Sources, tmp_path: Path) -> None:
    found = [sources.is_own(str(file)) for file in (tmp_path / "app.py", json.__file__)]
    assert found == [True, False]
