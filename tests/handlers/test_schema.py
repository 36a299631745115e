"""Types are told apart by what they are, whichever library they come from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NewType,
    NotRequired,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)

import msgspec
import pydantic
import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from starlette.datastructures import UploadFile

from zenith_server.handlers.schema import (
    class_of,
    fields,
    has_struct,
    is_body,
    is_many,
    is_mapped,
    is_mapping,
    is_model,
    is_optional,
    is_struct,
    is_text,
    is_upload,
    members,
    needs_pydantic,
    parts,
    plain,
)

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"


class Point(msgspec.Struct, rename="camel"):
    at_x: int
    at_y: int = 0


class Node(msgspec.Struct):
    children: list[Node] = []


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Model(pydantic.BaseModel):
    name: Annotated[str, pydantic.Field(alias="fullName", max_length=9)]
    age: int = 0
    nick: str = pydantic.Field("", validation_alias=pydantic.AliasChoices("a", "b"))


@pydantic.dataclasses.dataclass
class Checked:
    name: str


@dataclasses.dataclass
class Plain:
    name: str
    tags: list[str] = dataclasses.field(default_factory=list)
    computed: int = dataclasses.field(init=False, default=1)


class Typed(TypedDict):
    name: str
    age: NotRequired[int]


class Base(DeclarativeBase): ...


class Row(MappedAsDataclass, Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)


def test_a_type_without_annotated_has_no_metadata() -> None:
    assert plain(int) == (int, ())


def test_metadata_of_nested_aliases_is_kept_outside_in() -> None:
    assert plain(Annotated[Annotated[int, "inner"], "outer"]) == (int, ("inner", "outer"))


def test_a_new_type_is_what_it_stands_for() -> None:
    assert plain(UserId)[0] is int


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is new in 3.12")
def test_a_type_statement_is_what_it_stands_for() -> None:
    names: dict[str, Any] = {"int": int}
    exec("type Number = int", names)
    assert plain(names["Number"])[0] is int


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is new in 3.12")
def test_a_type_that_holds_itself_ends() -> None:
    names: dict[str, Any] = {}
    exec("type Json = str | list[Json]", names)
    assert not needs_pydantic(names["Json"])


@pytest.mark.parametrize("union", [int | str | None, Union[int, str, None]])  # noqa: UP007
def test_members_of_a_union_leave_none_out(union: Any) -> None:
    assert members(union) == (int, str)


@pytest.mark.parametrize("kind", [int | None, Optional[int], None, Annotated[int | None, 1]])  # noqa: UP045
def test_none_is_a_value_of(kind: Any) -> None:
    assert is_optional(kind)


def test_none_is_no_value_of_a_number() -> None:
    assert not is_optional(int)


@pytest.mark.parametrize("kind", [Point, Model, Checked, Plain, Typed, Page[int]])
def test_a_type_with_named_fields_is_a_struct(kind: Any) -> None:
    assert is_struct(kind)


@pytest.mark.parametrize("kind", [int, list[Point], dict[str, int], Row, Any, None, "text"])
def test_everything_else_is_no_struct(kind: Any) -> None:
    assert not is_struct(kind)


def test_models_and_dataclasses_of_pydantic_are_models() -> None:
    assert is_model(Model)
    assert is_model(Checked)
    assert not is_model(Plain)


def test_a_mapped_class_is_no_dataclass_of_the_project() -> None:
    assert is_mapped(Row)
    assert not is_mapped(Plain)


def test_a_class_is_found_behind_its_forms() -> None:
    assert class_of(list[int]) is list
    assert class_of(Literal[1]) is None


@pytest.mark.parametrize("kind", [list, tuple[int, ...], set[int], frozenset, Sequence[int]])
def test_many_are(kind: Any) -> None:
    assert is_many(kind)


def test_a_mapping_has_keys_of_its_own() -> None:
    assert is_mapping(dict[str, int])
    assert is_mapping(Mapping)
    assert not is_mapping(Typed)


@pytest.mark.parametrize(
    "kind", [Point, list[Point], Point | None, int | Point, dict, Any, tuple[Point, ...]]
)
def test_a_body_can_only_be(kind: Any) -> None:
    assert is_body(kind)


TEXTS = [
    *(str, int, float, bool, bytes, uuid.UUID, decimal.Decimal, Colour, UserId),
    *(dt.datetime, dt.date, dt.time, dt.timedelta),
    *(Literal["a", 1], list[int], set[Colour], int | None, tuple[int, ...], pydantic.AnyUrl),
    Annotated[int, msgspec.Meta(ge=1)],
]


@pytest.mark.parametrize("kind", TEXTS)
def test_text_stands_for(kind: Any) -> None:
    assert is_text(kind)
    assert not is_body(kind)


@pytest.mark.parametrize("kind", [Point, dict[str, int], Any, object, Row, int | Point])
def test_text_never_stands_for(kind: Any) -> None:
    assert not is_text(kind)


@pytest.mark.parametrize("kind", [UploadFile, list[UploadFile], UploadFile | None])
def test_a_file_is_an_upload(kind: Any) -> None:
    assert is_upload(kind)


def test_text_is_no_upload() -> None:
    assert not is_upload(list[str])


PYDANTICS = [
    *(Model, Checked, list[Model], Model | None, pydantic.AnyUrl, dict[str, Model]),
    Annotated[int, pydantic.Field(gt=0)],
    list[Annotated[int, pydantic.Field(gt=0)]],
]


@pytest.mark.parametrize("kind", PYDANTICS)
def test_pydantic_reads(kind: Any) -> None:
    assert needs_pydantic(kind)


@pytest.mark.parametrize("kind", [Point, Node, Plain, Typed, int, Literal["a"], list[int]])
def test_pydantic_is_not_asked_for(kind: Any) -> None:
    assert not needs_pydantic(kind)


def test_a_struct_that_holds_itself_is_looked_into_once() -> None:
    assert [kind for kind, _ in parts(Node)] == [Node, list[Node], Node]


def test_the_fields_of_structs_can_be_left_out() -> None:
    assert [kind for kind, _ in parts(list[Point], into_fields=False)] == [list[Point], Point]


def test_a_struct_may_be_deep_inside() -> None:
    assert has_struct(dict[str, list[Point | None]])
    assert not has_struct(dict[str, list[int | None]])


def named(kind: Any) -> list[tuple[str, str, bool]]:
    return [(field.name, field.attribute, field.required) for field in fields(kind)]


def test_fields_of_a_struct_have_their_name_on_the_wire() -> None:
    assert named(Point) == [("atX", "at_x", True), ("atY", "at_y", False)]


def test_fields_of_a_generic_struct_have_its_argument() -> None:
    assert fields(Page[int])[0].type == list[int]


def test_fields_of_a_model_have_their_alias() -> None:
    assert named(Model) == [
        ("fullName", "name", True),
        ("age", "age", False),
        ("nick", "nick", False),
    ]


def test_constraints_of_a_models_field_stay_beside_its_type() -> None:
    assert plain(fields(Model)[0].type)[1] != ()


def test_fields_of_a_dataclass_are_those_of_its_constructor() -> None:
    assert named(Plain) == [("name", "name", True), ("tags", "tags", False)]


def test_keys_of_a_typed_dict_are_fields() -> None:
    assert named(Typed) == [("name", "name", True), ("age", "age", False)]
    assert fields(Typed)[1].type is int
