from __future__ import annotations

from zenith_server.runner.changes import Change, changes

BEFORE = {"GET /": ("routes/index.py:1", "a"), "GET /users": ("routes/users.py:1", "b")}


def test_what_came_changed_and_went_is_told_by_pattern() -> None:
    after = {"GET /": ("routes/index.py:1", "z"), "POST /items": ("routes/items.py:4", "c")}
    assert changes(BEFORE, after) == (
        Change("~", "GET /", "routes/index.py:1"),
        Change("+", "POST /items", "routes/items.py:4"),
        Change("-", "GET /users", "routes/users.py:1"),
    )


def test_a_handler_that_only_moves_down_is_no_change() -> None:
    assert changes(BEFORE, BEFORE | {"GET /": ("routes/index.py:9", "a")}) == ()


def test_a_handler_in_another_file_is_a_change() -> None:
    after = BEFORE | {"GET /": ("routes/(home)/index.py:1", "a")}
    assert changes(BEFORE, after) == (Change("~", "GET /", "routes/(home)/index.py:1"),)
