"""JSON in: every fault of what came in."""

from __future__ import annotations

import msgspec
import pytest

from zenith_server.deserialise import json_reader
from zenith_server.input_faults import Refused
from zenith_server.problems import BadRequest


class Person(msgspec.Struct):
    name: str


@pytest.mark.parametrize(
    "data",
    [
        b'{"name": 7, "more": "\xff"}',
        b'{"name": "ann", "more": "\xff"}',
        b'{"name": 7, "more": ' + b"[" * 100_000,
        b'{"name": 7, "more": ',
        b"[" * 100_000,
        b'"\xff"',
    ],
    ids=range(6),
)
def test_what_is_no_json_is_refused_even_behind_another_fault(data: bytes) -> None:
    with pytest.raises(BadRequest):
        json_reader(Person, refuse_unknown=True)(data)


@pytest.mark.parametrize("data", [b"9" * 5000, b'{"name": ' + b"9" * 5000 + b"}"], ids=range(2))
def test_a_number_without_end_is_a_fault(data: bytes) -> None:
    with pytest.raises(Refused):
        json_reader(Person, refuse_unknown=True)(data)
