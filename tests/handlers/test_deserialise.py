"""What a client sends becomes a value of the declared type, or a list of all its faults."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
import pytest

from zenith_server.handlers.deserialise import MOST_DEPTH, json_reader
from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.serialise import json_writer
from zenith_server.problems import BadRequest


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Item(msgspec.Struct, rename="camel"):
    full_name: str
    price: Annotated[float, msgspec.Meta(ge=0)] = 0
    tags: list[str] = []


class Order(msgspec.Struct):
    items: list[Item]
    by_code: dict[str, Item] = {}
    first: Item | None = None


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    bark: str


class Pair(msgspec.Struct, array_like=True):
    left: int
    right: Item


class Even(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("Expected an even number")


class Node(msgspec.Struct):
    name: str
    children: list[Node] = []


class Amount(msgspec.Struct):
    amount: Decimal
    label: str = ""


@dataclasses.dataclass
class Plain:
    name: str
    age: int = 0


class Typed(TypedDict):
    name: str
    age: NotRequired[int]


def read(annotation: Any, data: bytes | str, *, refuse_unknown: bool = True) -> Any:
    raw = data.encode() if isinstance(data, str) else data
    return json_reader(annotation, refuse_unknown=refuse_unknown)(raw)


def faults(call: Callable[[], Any]) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(Refused) as caught:
        call()
    return {fault.location: fault.message for fault in caught.value.faults}


# --- JSON ---


@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        (int, "7", 7),
        (Item, '{"fullName": "a"}', Item("a")),
        (Plain, '{"name": "a"}', Plain("a")),
        (Typed, '{"name": "a", "age": 2}', {"name": "a", "age": 2}),
        (list[Item], '[{"fullName": "a"}]', [Item("a")]),
        (Cat | Dog, '{"type": "dog", "bark": "wow"}', Dog("wow")),
        (Item | None, "null", None),
        (Pair, '[1, {"fullName": "a"}]', Pair(1, Item("a"))),
        (Decimal, "1.10", Decimal("1.10")),
        (Decimal, "12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        (dict[int, str], '{"1": "a"}', {1: "a"}),
        (Colour, '"red"', Colour.RED),
        (Level, "1", Level.LOW),
        (bytes, '"aGk="', b"hi"),
        (Any, '{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_json_becomes_a_value(annotation: Any, data: str, value: Any) -> None:
    assert read(annotation, data) == value


@pytest.mark.parametrize(
    "data",
    [
        "{",
        '{"fullName"',
        "NaN",
        "[1,]",
        "'a'",
        "{}x",
        '"\\ud800"',
        "\x00",
        b'{"a": "\xff"}',
        "[" * 9,
    ],
)
def test_malformed_json_is_a_bad_request(data: str | bytes) -> None:
    with pytest.raises(BadRequest, match="The body is not valid JSON: "):
        read(Any, data)


@pytest.mark.parametrize("annotation", [Any, Item, list[Any]])
@pytest.mark.parametrize("data", ["[" * 100_000, '{"x":' * 100_000])
def test_json_nested_a_hundred_thousand_deep_is_refused(annotation: Any, data: str) -> None:
    with pytest.raises((BadRequest, Refused)):
        read(annotation, data)


@pytest.mark.parametrize("name", ["5", '"a"'])
@pytest.mark.parametrize("rest", [b'"\xff"', b"[" * 100_000, b""], ids=range(3))
def test_what_is_no_json_is_refused_behind_another_fault_too(name: str, rest: bytes) -> None:
    with pytest.raises(BadRequest):
        read(Item, b'{"fullName": ' + name.encode() + b', "more": ' + rest)


def test_an_unknown_field_nested_too_deeply_is_refused() -> None:
    with pytest.raises(BadRequest, match="nested too deeply"):
        read(Item, '{"fullName": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}")


def test_a_fault_beside_something_nested_too_deeply_is_still_a_refusal() -> None:
    with pytest.raises(BadRequest, match="nested too deeply"):
        read(Item, '{"fullName": 5, "x": ' + "[" * 100_000 + "]" * 100_000 + "}")


LISTS, NODES = ("[", "]"), ('{"name": "a", "children": [', "]}")


@pytest.mark.parametrize("refuse_unknown", [True, False])
@pytest.mark.parametrize(("annotation", "halves", "each"), [(Any, LISTS, 1), (Node, NODES, 2)])
def test_what_is_nested_deeper_than_it_can_be_written_again_is_refused(
    annotation: Any, halves: tuple[str, str], each: int, refuse_unknown: bool
) -> None:
    reader = json_reader(annotation, refuse_unknown=refuse_unknown)
    begin, end = halves
    levels = MOST_DEPTH // each
    value = reader((begin * levels + end * levels).encode())
    assert json_writer(annotation)(value)
    with pytest.raises(BadRequest, match="nested too deeply"):
        reader((begin * (levels + 1) + end * (levels + 1)).encode())


def test_many_values_side_by_side_are_not_deep() -> None:
    assert len(read(list[Node], "[" + ",".join(['{"name": "a"}'] * 1000) + "]")) == 1000
    assert len(read(Any, "[" + ",".join(["[]"] * 1000) + "]")) == 1000


@pytest.mark.parametrize("annotation", [int, Item, Any, dict[str, int], float])
def test_an_integer_of_five_thousand_digits_is_refused(annotation: Any) -> None:
    data = "9" * 5000
    with pytest.raises((BadRequest, Refused)):
        read(annotation, data if annotation is int else f'{{"fullName": {data}}}')


def test_a_number_out_of_range_is_told_with_its_place() -> None:
    found = faults(lambda: read(Order, '{"items": [{"fullName": "a", "price": 1e999}]}'))
    assert found == {("items", 0, "price"): "Number out of range"}


def test_every_fault_is_told_with_its_place() -> None:
    body = '{"items": [{"fullName": 1}, {"price": -1, "tags": [1]}], "byCode": {}}'
    assert faults(lambda: read(Order, body)) == {
        ("items", 0, "fullName"): "Expected `str`, got `int`",
        ("items", 1, "fullName"): "This field is required",
        ("items", 1, "price"): "Expected `float` >= 0.0",
        ("items", 1, "tags", 0): "Expected `str`, got `int`",
        ("byCode",): 'There is no field of this name. Did you mean "by_code"?',
    }


def test_faults_below_a_mapping_have_its_key() -> None:
    body = '{"items": [], "by_code": {"a.b": {"fullName": 1}}}'
    assert faults(lambda: read(Order, body)) == {
        ("by_code", "a.b", "fullName"): "Expected `str`, got `int`"
    }


def test_faults_of_a_tagged_union_are_those_of_the_tagged_struct() -> None:
    assert faults(lambda: read(list[Cat | Dog], '[{"type": "cat", "lives": "9"}]')) == {
        (0, "lives"): "Expected `int`, got `str`"
    }


def test_an_unknown_tag_is_told() -> None:
    assert faults(lambda: read(Cat | Dog, '{"type": "cow"}')) == {("type",): "Invalid value 'cow'"}


def test_only_the_wrong_items_of_a_mapping_are_faults() -> None:
    assert faults(lambda: read(dict[int, str], '{"1": "a", "2": 3}')) == {
        ("2",): "Expected `str`, got `int`"
    }


def test_what_a_struct_checks_itself_is_a_fault() -> None:
    assert faults(lambda: read(Even, '{"number": 3}')) == {(): "Expected an even number"}


def test_a_wrong_array_is_told_by_the_decoder() -> None:
    assert faults(lambda: read(Pair, '["a", {"fullName": "a"}]')) == {
        (0,): "Expected `int`, got `str`"
    }


def test_a_hundred_faults_are_enough() -> None:
    assert len(faults(lambda: read(list[int], str(["a"] * 1000).replace("'", '"')))) == 100


def test_a_hundred_unknown_fields_are_enough() -> None:
    names = ", ".join(f'"n{number}": 1' for number in range(1000))
    assert len(faults(lambda: read(Item, f'{{"fullName": "a", {names}}}'))) == 100


@pytest.mark.parametrize(
    ("annotation", "data", "place"),
    [
        (Item, '{"fullName": "a", "x": 1}', ("x",)),
        (Item | None, '{"fullName": "a", "x": 1}', ("x",)),
        (Plain, '{"name": "a", "x": 1}', ("x",)),
        (Typed, '{"name": "a", "x": 1}', ("x",)),
        (list[Item], '[{"fullName": "a", "x": 1}]', (0, "x")),
        (dict[str, Item], '{"k": {"fullName": "a", "x": 1}}', ("k", "x")),
        (Order, '{"items": [], "first": {"fullName": "a", "x": 1}}', ("first", "x")),
        (Cat | Dog, '{"type": "cat", "lives": 9, "x": 1}', ("x",)),
        (Cat, '{"type": "cat", "lives": 9, "x": 1}', ("x",)),
        (Node, '{"name": "a", "children": [{"name": "b", "x": 1}]}', ("children", 0, "x")),
    ],
)
def test_an_unknown_field_is_refused(annotation: Any, data: str, place: tuple[Any, ...]) -> None:
    assert faults(lambda: read(annotation, data)) == {place: "There is no field of this name."}


@pytest.mark.parametrize(
    ("annotation", "data"), [(Item, '{"fullName": "a", "x": 1}'), (Any, '{"x": 1}')]
)
def test_an_unknown_field_is_ignored_where_the_project_says_so(annotation: Any, data: str) -> None:
    assert read(annotation, data, refuse_unknown=False) is not None


def test_an_ignored_field_is_no_fault_beside_others() -> None:
    assert faults(lambda: read(Item, '{"x": 1}', refuse_unknown=False)) == {
        ("fullName",): "This field is required"
    }


@pytest.mark.parametrize("data", ['{"type": "cow", "x": 1}', '{"type": [], "x": 1}', "[]", "{}"])
def test_unknown_fields_of_a_wrong_union_are_not_looked_for(data: str) -> None:
    assert ("x",) not in faults(lambda: read(Cat | Dog, data))


def test_a_long_unknown_name_is_not_compared_with_others() -> None:
    name = "fullNam" * 20
    assert faults(lambda: read(Item, f'{{"fullName": "a", "{name}": 1}}')) == {
        (name,): "There is no field of this name."
    }


def test_a_nul_in_a_text_is_a_fault_with_its_place() -> None:
    assert faults(lambda: read(Any, '{"a": ["b\\u0000"]}')) == {
        ("a", 0): "A text holds no NUL character"
    }


def test_a_nul_in_malformed_json_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="The body is not valid JSON: "):
        read(Any, '{"a": "\\u0000"')


def test_a_nul_in_a_name_is_a_fault() -> None:
    assert faults(lambda: read(Any, '{"\\u0000": 1}')) == {("\0",): "A text holds no NUL character"}


def test_the_letters_of_an_escaped_nul_are_text() -> None:
    assert read(str, '"\\\\u0000"') == "\\u0000"


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-inf"])
def test_a_decimal_is_finite(number: str) -> None:
    assert faults(lambda: read(Amount, f'{{"amount": "{number}"}}')) == {
        ("amount",): "Expected a finite number"
    }


def test_a_text_beside_a_decimal_may_say_anything() -> None:
    assert read(Amount, '{"amount": "1.10", "label": "nan"}') == Amount(Decimal("1.10"), "nan")


def test_a_type_that_nothing_reads_is_an_error_at_once() -> None:
    with pytest.raises(TypeError):
        json_reader(Item | Order, refuse_unknown=True)
