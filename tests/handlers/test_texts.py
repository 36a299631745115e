"""The texts of a request become the values that they mean, or are refused."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Annotated, Any, Literal

import msgspec
import pytest
from starlette.datastructures import UploadFile

from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.texts import text_reader


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Item(msgspec.Struct, rename="camel"):
    full_name: str
    price: Annotated[float, msgspec.Meta(ge=0)] = 0
    tags: list[str] = []


def faults(call: Callable[[], Any]) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(Refused) as caught:
        call()
    return {fault.location: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "a b", "a b"),
        (str | None, "null", "null"),
        (int, "-7", -7),
        (int, "9" * 30, int("9" * 30)),
        (float, "1.5", 1.5),
        (Decimal, "1.10", Decimal("1.10")),
        (bool, "true", True),
        (bool, "on", True),
        (bool, "Yes", True),
        (bool, "1", True),
        (bool, "false", False),
        (bool, "off", False),
        (bool | None, "0", False),
        (bool | str, "on", "on"),
        (uuid.UUID, "00000000-0000-0000-0000-000000000001", uuid.UUID(int=1)),
        (dt.date, "2026-01-31", dt.date(2026, 1, 31)),
        (dt.time, "12:30:00", dt.time(12, 30)),
        (dt.timedelta, "PT5S", dt.timedelta(seconds=5)),
        (
            dt.datetime,
            "2026-01-31T12:30:00Z",
            dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.UTC),
        ),
        (Colour, "red", Colour.RED),
        (Level, "1", Level.LOW),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (int | None, "7", 7),
        (Annotated[int, msgspec.Meta(le=9)], "9", 9),
        (list[int], "1", [1]),
        (list[int], ["1", "2"], [1, 2]),
        (set[int], ["1", "1"], {1}),
        (tuple[int, int], ["1", "2"], (1, 2)),
        (list[bool], ["on", "0"], [True, False]),
        (list[float] | None, "1", [1.0]),
        (list, "a", ["a"]),
    ],
)
def test_text_becomes_a_value(annotation: Any, text: Any, value: Any) -> None:
    assert text_reader(annotation)(text) == value


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (int, "x", "Expected `int`"),
        (int, "", "Expected `int`"),
        (int, " 7", "Expected `int`"),
        (int, "1_0", "Expected `int`"),
        (int, "٣", "Expected `int`"),
        (int, "1e3", "Expected `int`"),
        (int, "1.0", "Expected `int`"),
        (int, ".0", "Expected `int`"),
        (int, "9007199254740993.0", "Expected `int`"),
        (int, "-1E3", "Expected `int`"),
        (int, "9" * 5000, "Integer value out of range"),
        (int | None, "x", "Expected `int | null`"),
        (float | None, "null", "Expected `float | null`"),
        (bool | None, "NULL", "Expected `bool | null`"),
        (dt.date | None, "null", "Invalid RFC3339 encoded date"),
        (float, "nan", "Expected a finite number"),
        (float, "-Infinity", "Expected a finite number"),
        (float, "1e999", "Number out of range"),
        (Decimal, "sNaN", "Expected a finite number"),
        (Decimal, "1,5", "Invalid decimal string"),
        (bool, "maybe", "Expected `bool`"),
        (uuid.UUID, "1", "Invalid UUID"),
        (Colour, "blue", "Invalid enum value 'blue'"),
        (Annotated[int, msgspec.Meta(le=9)], "10", "Expected `int` <= 9"),
        (dt.datetime, "1e300", "Timestamp is out of range"),
    ],
)
def test_text_that_does_not_fit_is_refused(annotation: Any, text: str, message: str) -> None:
    assert faults(lambda: text_reader(annotation)(text)) == {(): message}


@pytest.mark.parametrize("annotation", [str, int, bool, float])
def test_a_file_where_a_form_has_text_is_refused(annotation: type) -> None:
    file = UploadFile(BytesIO(b"1"))
    assert faults(lambda: text_reader(annotation)(file)) == {
        (): f"Expected `{annotation.__name__}`, got `UploadFile`"
    }


def test_a_file_among_the_texts_of_a_struct_is_refused() -> None:
    values = {"fullName": "a", "price": UploadFile(BytesIO(b"1"))}
    assert faults(lambda: text_reader(Item)(values)) == {
        ("price",): "Expected `float`, got `UploadFile`"
    }


def test_each_wrong_text_of_a_list_is_told() -> None:
    assert faults(lambda: text_reader(list[int])(["1", "x", "y"])) == {
        (1,): "Expected `int`",
        (2,): "Expected `int`",
    }


def test_a_struct_is_read_from_texts() -> None:
    values = {"fullName": "a", "price": "2", "tags": "x", "else": "1"}
    assert text_reader(Item)(values) == Item("a", 2.0, ["x"])


def test_each_wrong_text_of_a_struct_is_told() -> None:
    assert faults(lambda: text_reader(Item)({"price": "-2"})) == {
        ("fullName",): "This field is required",
        ("price",): "Expected `float` >= 0.0",
    }


def test_a_single_field_of_a_struct_is_sent_once() -> None:
    assert faults(lambda: text_reader(Item)({"fullName": ["a", "b"]})) == {
        ("fullName",): "Expected one value, got several"
    }


def test_a_text_type_that_nothing_reads_is_an_error_at_once() -> None:
    with pytest.raises(TypeError):
        text_reader(dt.date | str)
