"""Nothing leaves that the return annotation does not declare."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Any, Generic, Optional, TypedDict, TypeVar, Union

import msgspec
import pydantic
import pytest
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
)
from sqlalchemy.schema import ForeignKey

from zenith_server.handlers.serialise import json_writer

T = TypeVar("T")


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    password: Mapped[str] = mapped_column(info={"private": True})
    posts: Mapped[list[Post]] = relationship(back_populates="author")

    @property
    def initial(self) -> str:
        return self.name[0]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship(back_populates="posts")


class Out(msgspec.Struct):
    name: str


class Secret(Out):
    password: str = "hidden"


class Camel(msgspec.Struct, rename="camel"):
    first_name: str


class PostOut(msgspec.Struct):
    author: Out


class Shelf(msgspec.Struct):
    by_name: dict[str, Out] = {}
    first: Out | None = None
    rest: list[Out] = []


class Initial(msgspec.Struct):
    initial: str


class Node(msgspec.Struct):
    name: str
    children: list[Node] = []
    twin: Twin | None = None


class Twin(msgspec.Struct):
    node: Node | None = None


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Free(msgspec.Struct):
    data: dict[str, Any]


class Holder(msgspec.Struct):
    user: User


class Missing(msgspec.Struct):
    reason: str


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    bark: str


@dataclasses.dataclass
class Plain:
    name: str


@dataclasses.dataclass
class Richer(Plain):
    password: str = "hidden"


class Typed(TypedDict):
    name: str


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=lambda name: name.title())

    name: str


class SecretModel(Model):
    password: str = "hidden"


class ModelHolder(pydantic.BaseModel):
    user: Model


def written(annotation: Any, value: Any) -> Any:
    return json.loads(json_writer(annotation)(value))


def user() -> User:
    return User(id=1, name="ada", password="hidden")


SOURCES: dict[str, Callable[[], Any]] = {
    "struct": lambda: Out("ada"),
    "subclass": lambda: Secret("ada"),
    "mapped": user,
    "dataclass": lambda: Richer("ada"),
    "object": lambda: SimpleNamespace(name="ada", password="hidden"),
    "mapping": lambda: {"name": "ada", "password": "hidden"},
    "model": lambda: SecretModel.model_validate({"Name": "ada"}),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("target", [Out, Plain])
def test_only_declared_fields_leave(target: Any, source: str) -> None:
    assert written(target, SOURCES[source]()) == {"name": "ada"}


@pytest.mark.parametrize("source", SOURCES)
def test_only_declared_keys_of_a_typed_dict_leave(source: str) -> None:
    values = SOURCES[source]()
    if source in {"object", "model"}:
        values = {"name": values.name, "password": "hidden"}
    assert written(Typed, values) == {"name": "ada"}


@pytest.mark.parametrize("source", ["subclass", "mapped", "object", "model"])
def test_only_declared_fields_of_a_model_leave(source: str) -> None:
    assert written(Model, SOURCES[source]()) == {"Name": "ada"}


@pytest.mark.parametrize("source", SOURCES)
def test_only_declared_fields_of_each_item_leave(source: str) -> None:
    assert written(list[Out], [SOURCES[source](), Out("bob")]) == [{"name": "ada"}, {"name": "bob"}]


@pytest.mark.parametrize("source", SOURCES)
def test_what_stands_in_a_field_of_an_exact_struct_is_filtered_too(source: str) -> None:
    assert written(PostOut, PostOut(SOURCES[source]())) == {"author": {"name": "ada"}}


@pytest.mark.parametrize("source", SOURCES)
def test_filters_reach_every_depth(source: str) -> None:
    value = SOURCES[source]()
    shelf = Shelf(by_name={"a": value}, first=value, rest=[value])
    out = {"name": "ada"}
    assert written(Shelf, shelf) == {"by_name": {"a": out}, "first": out, "rest": [out]}


def test_exact_structs_are_written_at_every_depth() -> None:
    assert written(Shelf, Shelf(first=Out("a"), rest=[Out("b")]))["rest"] == [{"name": "b"}]


def test_only_declared_fields_of_relations_leave() -> None:
    assert written(PostOut, Post(id=1, author=user())) == {"author": {"name": "ada"}}


def test_a_property_of_a_mapped_object_can_be_declared() -> None:
    assert written(Initial, user()) == {"initial": "a"}


def test_a_models_item_of_a_list_is_filtered() -> None:
    assert written(list[Model], [SecretModel.model_validate({"Name": "ada"})]) == [{"Name": "ada"}]


def test_a_models_field_is_filtered() -> None:
    value = ModelHolder(user=SecretModel.model_validate({"Name": "ada"}))
    assert written(ModelHolder, value) == {"user": {"Name": "ada"}}


def test_what_a_model_was_made_to_hold_by_force_does_not_leave() -> None:
    value = ModelHolder.model_construct(user=user())
    assert "hidden" not in json_writer(ModelHolder)(value).decode()


def test_a_struct_that_holds_itself_is_written() -> None:
    value = Node("a", [Node("b")], Twin(Node("c")))
    assert written(Node, value)["children"][0]["name"] == "b"


def test_a_generic_struct_filters_its_items() -> None:
    assert written(Page[Out], Page([Secret("ada")])) == {"items": [{"name": "ada"}]}


def test_names_on_the_wire_are_those_of_the_declared_type() -> None:
    assert written(Camel, SimpleNamespace(first_name="ada")) == {"firstName": "ada"}


def test_an_iterator_of_a_declared_list_is_written_whole() -> None:
    assert written(list[Out], iter([Out("ada")])) == [{"name": "ada"}]


@pytest.mark.parametrize("kind", [set, tuple])
def test_other_collections_make_a_declared_list(kind: Any) -> None:
    assert written(list[int], kind([1])) == [1]


def test_a_mapping_of_structs_is_filtered() -> None:
    assert written(dict[str, Out], {"a": Secret("ada")}) == {"a": {"name": "ada"}}


@pytest.mark.parametrize("annotation", [Out | None, Optional[Out]])  # noqa: UP045
def test_an_optional_is_filtered(annotation: Any) -> None:
    assert written(annotation, Secret("ada")) == {"name": "ada"}


def test_none_inside_is_null() -> None:
    assert written(list[Out | None], [None, Out("a")]) == [None, {"name": "a"}]


def test_a_union_of_tagged_structs_is_written_with_its_tag() -> None:
    assert written(Cat | Dog, Dog("wow")) == {"type": "dog", "bark": "wow"}


@pytest.mark.parametrize("annotation", [Out | Missing, Model | Out | Missing, Union[Missing, Out]])  # noqa: UP007
def test_a_union_without_tags_is_written_by_the_class_of_the_value(annotation: Any) -> None:
    assert written(annotation, Missing("gone")) == {"reason": "gone"}


def test_a_union_without_tags_filters_as_the_first_that_fits() -> None:
    assert written(Missing | Out, user()) == {"name": "ada"}


def test_what_fits_no_member_of_a_union_is_an_error() -> None:
    with pytest.raises(TypeError, match="int was returned, which does not fit the declared"):
        written(Missing | Out, 5)


def test_a_union_with_a_scalar_is_written_as_either() -> None:
    assert written(Out | str, "ada") == "ada"
    assert written(Out | str, Secret("ada")) == {"name": "ada"}


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Out, SimpleNamespace(other=1)),
        (Out, {"name": 5}),
        (str, 5),
        (str, Out("a")),
        (dict[str, str], {"a": 5}),
        (dict[str, str], {"a": "b", "c": Secret("a")}),
        (dict[str, str], Secret("a")),
        (dict[str, str], user()),
        (list[str], [user()]),
        (list[int], [1, True]),
        (list[int], 5),
        (Typed, 5),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_both(annotation: Any, value: Any) -> None:
    with pytest.raises(TypeError, match="was returned, which does not fit the declared"):
        written(annotation, value)


def test_a_foreign_object_in_a_text_field_does_not_leave() -> None:
    with pytest.raises(TypeError, match="User is not in the declared type"):
        written(Out, Out(user()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (dict, {"a": 1}),
        (list, [1]),
        (dict[str, Any], {"a": [1]}),
        (dict[str, str], {"a": "b"}),
        (list[int], [1, 2]),
        (bool, True),
        (float, 1.5),
    ],
)
def test_open_types_are_written_as_they_are(annotation: Any, value: Any) -> None:
    assert written(annotation, value) == value


def test_a_number_stands_for_a_declared_float() -> None:
    assert written(float, 1) == 1


def test_private_columns_stay_where_anything_is_declared() -> None:
    assert written(dict[str, Any], {"user": user()}) == {"user": {"id": 1, "name": "ada"}}


def test_private_columns_stay_in_an_open_field() -> None:
    assert written(Free, Free({"a": user()})) == {"data": {"a": {"id": 1, "name": "ada"}}}


@pytest.mark.parametrize("annotation", [User, list[User] | User, User | None])
def test_a_declared_mapped_class_is_written_without_its_private_columns(annotation: Any) -> None:
    assert written(annotation, user()) == {"id": 1, "name": "ada"}


def test_a_mapped_class_in_a_struct_is_written_without_its_private_columns() -> None:
    assert written(Holder, Holder(user())) == {"user": {"id": 1, "name": "ada"}}


def test_a_type_that_nothing_writes_is_an_error_at_once() -> None:
    with pytest.raises(TypeError):
        json_writer(list[Out | Missing])


@pytest.mark.parametrize("annotation", [Any, object])
def test_anything_declared_is_nothing_declared(annotation: Any) -> None:
    assert written(annotation, Secret("ada")) == {"name": "ada", "password": "hidden"}


def test_a_union_in_another_order_is_another_type() -> None:
    class Point(pydantic.BaseModel):
        x: int

    class Labelled(pydantic.BaseModel):
        x: int
        label: str = ""

    assert json_writer(Point | Labelled)({"x": 1}) == b'{"x":1}'
    assert json_writer(Labelled | Point)({"x": 1}) == b'{"x":1,"label":""}'


def test_metadata_that_cannot_be_hashed_is_fine() -> None:
    assert json_writer(Annotated[list[int], ["about", "it"]])([1]) == b"[1]"


def test_a_dataclass_is_written_whole_though_a_client_left_something_out() -> None:
    @dataclasses.dataclass
    class Count:
        first: int
        second: int = 0

    for annotation in (Count, list[Count], Count | None):
        read: Any = msgspec.convert([{"first": 1}], list[Count])
        value = read if annotation == list[Count] else read[0]
        assert b'"second":0' in json_writer(annotation)(value)


def test_a_dataclass_with_slots_is_written_whole() -> None:
    @dataclasses.dataclass(slots=True)
    class Count:
        first: int
        second: int = 0

    read = msgspec.convert({"first": 1}, Count)
    assert json_writer(Count)(read) == b'{"first":1,"second":0}'
