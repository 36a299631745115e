from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytest

from zenith_server.error_page.variables import Variables
from zenith_server.error_page.veil import Veil


def shown(value: object, name: str = "x") -> str:
    return Variables(Veil(["correct-horse"])).named(name, value)


class Raises:
    def __repr__(self) -> str:
        raise LookupError("not today")


class Endless:
    def __repr__(self) -> str:
        while True:
            pass


class Huge:
    def __repr__(self) -> str:
        return "h" * 10_000_000


@dataclass
class Login:
    user: str
    password: str


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (None, "None"),
        ("it's", '"it\'s"'),
        ({"b": 1, "a": [1, 2]}, "{'b': 1, 'a': [1, 2]}"),
        ({"password": "x", b"cookie": "y"}, "{'password': ***, b'cookie': ***}"),
        ([(b"authorization", b"Bearer x"), ("a", 1)], "[(b'authorization', ***), ('a', 1)]"),
        (["token", "x"], "['token', ***]"),
        (Login("ann", "hush"), "Login(user='ann', password='***')"),
        ("say correct-horse", "'say ***'"),
        (b"redis://:s3cret@cache", "b'redis://:***@cache'"),
        (10**5000, "<int of 16610 bits>"),
        (Raises(), "<Raises: its repr raised LookupError>"),
        ([Raises()], "[<Raises: its repr raised LookupError>]"),
        (Endless(), "<Endless: its repr takes too long>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "value",
    [Huge(), "s" * 10_000_000, b"b" * 1_000_000, list(range(10**6)), {n: n for n in range(10**5)}],
    ids=["repr", "text", "bytes", "list", "dict"],
)
def test_a_large_value_is_shown_in_part(value: object) -> None:
    assert len(shown(value)) < 300


def test_of_a_tree_of_values_the_beginning_is_shown() -> None:
    tree: Any = "leaf"
    for _ in range(6):
        tree = dict.fromkeys(range(20), tree)
    assert len(shown(tree)) < 1300


def test_a_value_inside_itself_ends() -> None:
    endless: list[Any] = []
    endless.append({"again": endless})
    assert "..." in shown(endless)


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "***"), (b"x", "***"), (Login("a", "b"), "*** (Login)"), (None, "None")],
)
def test_of_a_secret_only_its_kind_is_shown(value: object, text: str) -> None:
    assert shown(value, "session") == text


def test_a_debugger_goes_on_afterwards() -> None:
    before = sys.gettrace()

    def debugger(*_: object) -> None: ...

    sys.settrace(debugger)
    try:
        shown(Endless())
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_a_frame_has_the_variables_of_its_function() -> None:
    apple = 1
    found = dict(Variables(Veil()).of(sys._getframe()))
    assert found == {"apple": str(apple)}


def test_of_a_module_what_is_no_code_is_shown() -> None:
    names: dict[str, Any] = {"frame": None}
    exec("import sys\ndef get(): ...\nLIMIT = 3\nframe = sys._getframe()", names)
    assert dict(Variables(Veil()).of(names["frame"])).keys() == {"LIMIT", "frame"}


def test_a_text_needs_no_quotes() -> None:
    assert Variables(Veil()).text("a b") == "a b"
    assert Variables(Veil()).text("a" * 5000) == f"{'a' * 240}… (5,000 characters)"
