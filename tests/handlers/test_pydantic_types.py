"""pydantic's types are read and written as pydantic says, within the bounds of JSON."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pydantic
import pytest

from zenith_server.handlers.deserialise import json_reader
from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.serialise import json_writer
from zenith_server.handlers.texts import text_reader
from zenith_server.problems import BadRequest


class Address(pydantic.BaseModel):
    city: str


class User(pydantic.BaseModel):
    full_name: str = pydantic.Field(alias="fullName", min_length=2)
    age: int = 0
    address: Address | None = None

    @pydantic.field_validator("age")
    @classmethod
    def check_age(cls, age: int) -> int:
        if age < 0:
            raise ValueError("nobody is that young")
        return age


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")


class Names(pydantic.RootModel[list[str]]): ...


class Price(pydantic.BaseModel):
    amount: float = 0
    exact: Decimal = Decimal(0)


@pydantic.dataclasses.dataclass
class Checked:
    name: str


@dataclasses.dataclass
class Constrained:
    age: Annotated[int, pydantic.Field(gt=0)]


class Filter(pydantic.BaseModel):
    tags: list[str] = []
    page: int = 1


class Struct(msgspec.Struct):
    address: Address


def read(annotation: Any, data: str, *, refuse_unknown: bool = True) -> Any:
    return json_reader(annotation, refuse_unknown=refuse_unknown)(data.encode())


def faults(annotation: Any, data: str) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(Refused) as caught:
        read(annotation, data)
    return {fault.location: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        (User, '{"fullName": "ada"}', User(fullName="ada")),
        (list[User], '[{"fullName": "ada"}]', [User(fullName="ada")]),
        (Checked, '{"name": "a"}', Checked("a")),
        (Constrained, '{"age": 1}', Constrained(1)),
        (Names, '["a"]', Names(["a"])),
        (User | None, "null", None),
        (Annotated[int, pydantic.Field(gt=1)], "2", 2),
    ],
)
def test_json_becomes_a_value(annotation: Any, data: str, value: Any) -> None:
    assert read(annotation, data) == value


def test_every_fault_is_told_with_its_place() -> None:
    assert faults(User, '{"fullName": "a", "age": -1, "address": {}, "x": 1}') == {
        ("fullName",): "String should have at least 2 characters",
        ("age",): "Value error, nobody is that young",
        ("address", "city"): "Field required",
        ("x",): "Extra inputs are not permitted",
    }


def test_a_hundred_faults_are_enough() -> None:
    assert len(faults(list[Names], "[" + ",".join(["1"] * 1000) + "]")) == 100


def test_an_unknown_field_is_ignored_where_the_project_says_so() -> None:
    assert read(Address, '{"city": "a", "x": 1}', refuse_unknown=False) == Address(city="a")


def test_a_model_may_say_itself_what_becomes_of_unknown_fields() -> None:
    assert read(Strict, '{"x": 1}').model_extra == {"x": 1}


@pytest.mark.parametrize(
    "data",
    ['{"amount": NaN}', '{"amount": Infinity}', '{"amount": 1e999}', "{", '{"amount": "\\ud800"}'],
)
def test_what_is_no_json_is_a_bad_request(data: str) -> None:
    with pytest.raises(BadRequest, match="The body is not valid JSON: "):
        read(Price, data)


@pytest.mark.parametrize(
    "data", ["[" * 100_000, '{"x":' * 100_000, '{"amount":' + "9" * 5000 + "}"]
)
def test_absurd_json_is_refused(data: str) -> None:
    with pytest.raises((BadRequest, Refused)):
        read(Price, data)


def test_a_nul_in_a_text_is_refused() -> None:
    assert faults(Address, '{"city": "\\u0000"}') == {("city",): "A text holds no NUL character"}


def test_texts_become_a_model() -> None:
    assert text_reader(Filter)({"tags": "a", "page": "2"}) == Filter(tags=["a"], page=2)


def test_wrong_texts_are_told() -> None:
    with pytest.raises(Refused) as caught:
        text_reader(Annotated[int, pydantic.Field(gt=5)])("3")
    assert caught.value.faults[0].message == "Input should be greater than 5"


def test_a_type_of_two_libraries_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match="Unable to generate pydantic-core schema"):
        json_reader(Struct, refuse_unknown=True)


def test_a_model_is_written_with_its_aliases() -> None:
    assert json_writer(Address)(Address(city="a")) == b'{"city":"a"}'


def test_a_model_is_made_of_a_mapping_by_its_names_or_aliases() -> None:
    write = json_writer(User)
    assert write({"full_name": "ada"}) == write({"fullName": "ada"})
