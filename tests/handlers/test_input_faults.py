"""What a decoder says becomes a place and a message."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from zenith_server.handlers.input_faults import (
    fault_of,
    faults_in,
    infinite_faults,
    is_infinite,
    item_type,
    nul_faults,
    unknown_fields,
)
from zenith_server.problems import InputFault


class Deep(msgspec.Struct):
    inner: Deep | None = None


@pytest.mark.parametrize(
    ("text", "location", "message"),
    [
        ("Wrong", (), "Wrong"),
        ("Wrong - at `$`", (), "Wrong"),
        ("Wrong - at `$.a`", ("a",), "Wrong"),
        ("Wrong - at `$.a[0].b`", ("a", 0, "b"), "Wrong"),
        ("Wrong - at `$[1][2]`", (1, 2), "Wrong"),
        ("Wrong - at `$.a[...].b`", ("a", "b"), "Wrong"),
        ("Wrong - at `key` in `$.a`", ("a",), "Wrong"),
        ("Wrong - at `value` in `$.a`", ("a",), "Wrong"),
        ("Timestamp is out of range ", (), "Timestamp is out of range"),
    ],
)
def test_a_message_is_taken_apart(text: str, location: tuple[Any, ...], message: str) -> None:
    assert fault_of(ValueError(text)) == InputFault(location, message)


def test_the_decoders_word_counts_where_no_fault_is_found_again() -> None:
    error = ValueError("Wrong - at `$.a`")
    assert faults_in(1, int, error, strict=True) == [InputFault(("a",), "Wrong")]


def test_the_decoders_word_counts_where_a_value_is_too_deep() -> None:
    value: Any = 1
    for _ in range(3000):
        value = {"inner": value}
    assert faults_in(value, Deep, ValueError("Too deep"), strict=True) == [
        InputFault((), "Too deep")
    ]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [(list[int], int), (set[int] | None, int), (tuple[int, ...], int), (tuple[int, str], Any)],
)
def test_items_have_a_type(annotation: Any, kind: Any) -> None:
    assert item_type(annotation) is kind


@pytest.mark.parametrize("annotation", [list, int, dict[str, int]])
def test_items_of_nothing_are_of_any_type(annotation: Any) -> None:
    assert item_type(annotation) is Any


def test_a_type_without_structs_has_no_unknown_fields() -> None:
    assert unknown_fields(dict[str, int]) is None


def test_a_nul_is_found_at_any_depth() -> None:
    assert [fault.location for fault in nul_faults({"a": [{"b": "\0"}, "fine"]})] == [("a", 0, "b")]


def test_an_infinite_number_is_found_at_any_depth() -> None:
    value = {"a": [Decimal("nan"), 1.0], "b": float("inf")}
    assert [fault.location for fault in infinite_faults(value)] == [("a", 0), ("b",)]


@pytest.mark.parametrize("value", [1, 1.5, Decimal(10) ** 5000, "nan", None])
def test_a_finite_value_is(value: Any) -> None:
    assert not is_infinite(value)
