from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import Server
from tests.openapi.conftest import Describe

ALL = {
    "routes/index.py": """
        import enum
        from dataclasses import dataclass, field
        from datetime import date, datetime, time, timedelta
        from decimal import Decimal
        from typing import Annotated, Literal
        from msgspec import Meta, Struct

        class Colour(enum.Enum):
            RED = "red"

        class Level(enum.IntEnum):
            LOW = 1

        class All(Struct, omit_defaults=True):
            local: Annotated[datetime, Meta(tz=False)] = datetime(2026, 1, 1)
            hour: time = time(1)
            aware: Annotated[time, Meta(tz=True)] | None = None
            clock: Annotated[time, Meta(tz=False)] = time(1)
            long: timedelta = timedelta(1)
            price: Decimal = Decimal(1)
            by_number: dict[int, str] = {}
            by_name: dict[str, int] = {}
            colour: Colour = Colour.RED
            level: Level = Level.LOW
            order: Literal["new", "old"] = "new"
            either: Literal["new", 1] = 1

        async def post(all: All) -> All:
            return all

        @dataclass
        class Count:
            first: int
            second: int = 0
            sum: int = field(default=0, init=False)

            def __post_init__(self):
                self.sum = self.first + self.second

        async def put(count: Count) -> Count:
            return count
        """
}
BAD_AND_GOOD = {
    "local": (["2026-01-01T00:00:00Z", "2026-01-01", "x"], ["2026-01-01T23:59:59.5"]),
    "hour": (
        ["10:00", "24:00:00", "10:00:00+10:60", "x"],
        ["10:00:00", "10:00:00.25Z", "10:00:00+01:00"],
    ),
    "clock": (["10:00:00Z"], ["10:00:00"]),
    "long": (["P1Y", "P1M", "P", "PT", "x"], ["P1D", "-P1D", "PT0.5S", "P1DT2H3M"]),
    "price": (["x", "", "NaN", "1e", "."], ["1", "+1.50", "-.5E-3", "1."]),
    "by_number": ([{"x": "a"}, {"1.5": "a"}], [{"-1": "a"}, {"20": "a"}]),
    "by_name": ([{"a\0": 1}], [{"a": 1}]),
}


async def schemas(describe: Describe) -> Any:
    return (await describe(ALL))["components"]["schemas"]


@pytest.mark.parametrize("name", BAD_AND_GOOD)
async def test_a_pattern_says_what_is_read(describe: Describe, serve: Server, name: str) -> None:
    schema = (await schemas(describe))["All"]["properties"][name]
    pattern = schema.get("pattern") or schema["propertyNames"]["pattern"]
    app = await serve(ALL)
    for status, values in zip((422, 200), BAD_AND_GOOD[name], strict=True):
        for value in values:
            text = next(iter(value)) if isinstance(value, dict) else value
            assert bool(re.search(pattern, text)) is (status == 200), text
            assert (await app.post("/", json={name: value})).status == status, text


async def test_only_what_is_written_with_an_offset_has_the_format_of_one(
    describe: Describe,
) -> None:
    found = (await schemas(describe))["All"]["properties"]
    assert {"type": "string", "format": "time"} in found["aware"]["anyOf"]
    assert "format" not in found["local"]
    assert "format" not in found["hour"]


async def test_a_duration_may_have_fractions_and_a_sign_which_the_format_has_not(
    describe: Describe,
) -> None:
    assert "format" not in (await schemas(describe))["All"]["properties"]["long"]


async def test_choices_of_one_kind_have_its_type(describe: Describe) -> None:
    found = await schemas(describe)
    assert (found["Colour"]["type"], found["Level"]["type"]) == ("string", "integer")
    assert found["All"]["properties"]["order"]["type"] == "string"
    assert "type" not in found["All"]["properties"]["either"]


async def test_what_a_dataclass_makes_itself_is_only_read_and_always_written(
    describe: Describe, serve: Server
) -> None:
    found = (await schemas(describe))["Count"]["properties"]
    assert [name for name, schema in found.items() if schema.get("readOnly")] == ["sum"]
    app = await serve(ALL)
    answer = await app.request("PUT", "/", json={"first": 1})
    assert answer.json() == {"first": 1, "second": 0, "sum": 1}
    assert set((await app.request("PUT", "/", json={"first": 1, "sum": 5})).faults()) == {
        "body.sum"
    }
