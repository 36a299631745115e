from __future__ import annotations

from pathlib import Path

import pytest

from tests.error_page.failing import read
from zenith_server.error_page.raised import Frame


def places(frames: tuple[Frame, ...]) -> list[str]:
    return [f"{frame.window.name}:{frame.window.line} {frame.call}".rstrip() for frame in frames]


def marked(frame: Frame) -> str:
    assert frame.window.columns is not None
    row = "".join(text for _, text in frame.window.lines[frame.window.line - frame.window.first])
    return row[slice(*frame.window.columns)]


def test_an_exception_says_what_and_where_the_innermost_first(tmp_path: Path) -> None:
    raised = read(tmp_path, "def deep(x):\n    return 1 / x\n\ndeep(0)\n")
    assert (raised.kind, raised.message) == ("ZeroDivisionError", "division by zero")
    assert places(raised.frames) == ["app.py:2 deep", "app.py:4"]
    assert raised.frames[0].variables == (("x", "0"),)


def test_what_was_running_is_marked_where_it_is_not_the_whole_line(tmp_path: Path) -> None:
    raised = read(tmp_path, "def deep(x):\n    return 'ä', {}[x]\n\ndeep(0)\n")
    assert marked(raised.frames[0]) == "{}[x]"
    assert raised.frames[1].window.columns is None


def test_frames_of_libraries_are_told_from_those_of_the_project(tmp_path: Path) -> None:
    raised = read(tmp_path, "import json\njson.loads('{')\n")
    assert raised.kind == "json.decoder.JSONDecodeError"
    assert [frame.is_own for frame in raised.frames] == [False, False, False, True]
    assert places(raised.own) == ["app.py:2"]
    # Of libraries only the innermost shows what it knew.
    assert [bool(frame.variables) for frame in raised.frames[:3]] == [True, False, False]


def test_a_file_that_cannot_be_read_is_marked_where_python_gave_up(tmp_path: Path) -> None:
    raised = read(tmp_path, "x = 1\nasync def get(:\n")
    assert (raised.kind, raised.message) == ("SyntaxError", "invalid syntax")
    assert places(raised.frames) == ["app.py:2"]
    assert marked(raised.frames[0]) == ":"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("try:\n    {}['a']\nexcept KeyError as e:\n    raise OSError('b') from e\n", "caused by"),
        ("try:\n    {}['a']\nexcept KeyError:\n    raise OSError('b')\n", "raised while handling"),
    ],
)
def test_what_it_came_of_is_told_after_it(tmp_path: Path, text: str, link: str) -> None:
    raised = read(tmp_path, text)
    [other] = raised.others
    assert (raised.kind, other.link, other.kind, other.message) == (
        "OSError",
        link,
        "KeyError",
        "'a'",
    )
    assert places(other.frames) == ["app.py:2"]


def test_what_it_came_of_may_be_left_out(tmp_path: Path) -> None:
    text = "try:\n    {}['a']\nexcept KeyError:\n    raise OSError('b') from None\n"
    assert read(tmp_path, text).others == ()


def test_every_exception_of_a_group_is_told(tmp_path: Path) -> None:
    raised = read(tmp_path, "raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])\n")
    assert [(other.link, other.kind) for other in raised.others] == [
        ("1 of 2 in the group", "ValueError"),
        ("2 of 2 in the group", "KeyError"),
    ]


def test_notes_are_told(tmp_path: Path) -> None:
    text = "e = ValueError('a')\ne.add_note('see correct-horse')\nraise e\n"
    assert read(tmp_path, text).notes == ("see ***",)


def test_an_endless_recursion_has_a_beginning_and_an_end(tmp_path: Path) -> None:
    raised = read(tmp_path, "def again(n):\n    again(n + 1)\n\nagain(0)\n")
    assert len(raised.frames) == 50
    [left_out] = [frame.skipped for frame in raised.frames if frame.skipped]
    assert left_out > 100
    assert places(raised.frames)[-1] == "app.py:4"


def test_a_long_story_ends(tmp_path: Path) -> None:
    text = (
        "e = None\nfor n in range(99):\n    f = ValueError(n)\n    f.__cause__, e = e, f\nraise e\n"
    )
    raised, links = read(tmp_path, text), 0
    while raised.others:
        raised, links = raised.others[0], links + 1
    assert 5 < links < 20


def test_an_exception_that_came_of_itself_is_told_once(tmp_path: Path) -> None:
    text = "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a\n"
    [other] = read(tmp_path, text).others
    assert other.others == ()


def test_an_exception_without_words_is_told(tmp_path: Path) -> None:
    text = "class Mute(Exception):\n    def __str__(self): raise OSError\nraise Mute\n"
    assert "failed" in read(tmp_path, text).message


def test_of_a_long_message_the_beginning_is_told(tmp_path: Path) -> None:
    assert read(tmp_path, "raise OSError('a' * 10**6)\n").message.endswith(
        "a… (1,000,000 characters)"
    )


def test_a_secret_in_its_words_is_covered(tmp_path: Path) -> None:
    text = "raise OSError('postgresql://ann:s3cret@db, correct-horse')\n"
    assert read(tmp_path, text).message == "postgresql://ann:***@db, ***"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("article = 1\nartcle\n", "article"), ("prnt\n", "print"), ("''.uper\n", "upper")],
)
def test_what_was_perhaps_meant_is_told(tmp_path: Path, text: str, meant: str) -> None:
    assert read(tmp_path, text).message.endswith(f". Did you mean: '{meant}'?")


@pytest.mark.parametrize("text", ["qqqqqq\n", "''.qqqqqq\n", "{}['upper']\n"])
def test_nothing_is_suggested_where_nothing_is_close(tmp_path: Path, text: str) -> None:
    assert "mean" not in read(tmp_path, text).message
