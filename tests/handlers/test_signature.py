"""What a handler asks for is read from its parameters, or told as a fault."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pydantic
import pytest

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.signature import MISSING, Given, Input, Known, Need, name_of, read
from zenith_server.markers import (
    DB,
    Body,
    Cookie,
    Created,
    Depends,
    Form,
    Header,
    Inject,
    Query,
    Status,
)
from zenith_server.plan import Origin, Provider, Service

HERE = Origin("routes/index.py", 1)


class Item(msgspec.Struct):
    name: str


class Model(pydantic.BaseModel):
    name: str = "a"


class Clock: ...


class Wall(Clock): ...


class Caller:
    def __call__(self, page: int) -> None: ...


class Made:
    def __init__(self, page: int = 1) -> None: ...


CLOCK = Service(Clock, HERE)
SESSION = Provider(("tests.Session",), lambda: Clock, HERE, marker="session:default:")
WALL = Provider((f"{Wall.__module__}.Wall",), lambda: Wall, HERE)


def known(**more: Any) -> Known:
    providers = {"session:default:": SESSION, WALL.types[0]: WALL}
    return Known(providers=providers, services={Clock: CLOCK}, **more)


def parameter(call: Callable[..., Any], **more: Any) -> Any:
    return read(call, known(**more), HERE).parameters[0]


def fault(call: Callable[..., Any], **more: Any) -> Fault:
    with pytest.raises(ProjectError) as caught:
        read(call, known(**more), HERE)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def test_a_name_of_the_path_comes_from_the_path() -> None:
    async def get(slug): ...  # type: ignore[no-untyped-def]

    assert parameter(get, path=("slug",)) == Input("slug", "path", "slug", str)


def test_a_scalar_comes_from_the_query() -> None:
    async def get(page: int = 1) -> None: ...

    assert parameter(get) == Input("page", "query", "page", int, 1)


def test_a_struct_comes_from_the_body() -> None:
    async def post(item: Item) -> None: ...

    assert parameter(post, method="POST") == Input("item", "body", "item", Item)


@pytest.mark.parametrize(
    ("marker", "source", "key"),
    [
        (Query("x"), "query", "x"),
        (Header(), "header", "a-b"),
        (Header("X-Y"), "header", "X-Y"),
        (Cookie(), "cookie", "a_b"),
        (Form(), "form", "a_b"),
        (Body(), "body", "a_b"),
        (Header, "header", "a-b"),
    ],
)
def test_a_marker_says_where_a_value_comes_from(marker: Any, source: str, key: str) -> None:
    async def get(a_b: str) -> None: ...

    get.__annotations__["a_b"] = Annotated[str, marker]
    found = parameter(get)
    assert (found.source, found.key, found.default) == (source, key, MISSING)


def test_a_service_is_taken_by_its_type() -> None:
    async def get(clock: Clock) -> None: ...

    assert parameter(get) == Need("clock", CLOCK)


def test_a_provider_is_taken_by_its_type() -> None:
    async def get(wall: Wall) -> None: ...

    assert parameter(get) == Need("wall", WALL)


def test_a_service_can_be_asked_for_by_name() -> None:
    async def get(clock: Clock = Inject()) -> None: ...

    assert parameter(get) == Need("clock", CLOCK)


def test_a_session_is_asked_for_by_its_marker() -> None:
    async def get(session: Any = DB) -> None: ...

    assert parameter(get) == Need("session", SESSION)


@pytest.mark.parametrize("default", [Depends(Caller), Annotated])
def test_a_dependency_comes_before_what_a_client_sends(default: Any) -> None:
    async def get(user: str) -> None: ...

    if default is Annotated:
        get.__annotations__["user"] = Annotated[str, Depends(Caller)]
    else:
        get.__defaults__ = (default,)
    assert parameter(get) == Need("user", Caller)


def test_a_dependency_may_be_named_by_the_annotation_alone() -> None:
    async def get(made: Made = Depends()) -> None: ...

    assert parameter(get) == Need("made", Made)


def test_what_the_server_has_already_is_given() -> None:
    async def handle(error) -> None: ...  # type: ignore[no-untyped-def]

    assert parameter(handle, given={"error": "values"}) == Given("error", "values")


@pytest.mark.parametrize(
    "call",
    [Caller(), Made, functools.partial(Caller(), page=1), functools.partial(Made)],
)
def test_any_callable_has_a_signature(call: Any) -> None:
    assert parameter(call).type is int


@pytest.mark.parametrize("call", [Item, Model])
def test_the_fields_of_a_struct_are_its_parameters(call: Any) -> None:
    assert parameter(call).key == "name"


def test_a_class_without_a_constructor_asks_for_nothing() -> None:
    assert read(Clock, known(), HERE).parameters == ()


def test_variable_parameters_ask_for_nothing() -> None:
    async def get(*args: int, **kwargs: int) -> None: ...

    assert read(get, known(), HERE).parameters == ()


def test_parameters_of_a_function_are_given_by_place_where_they_can_be() -> None:
    async def get(page: int, /, size: int, *, order: str) -> None: ...

    assert read(get, known(), HERE).positional == {"page", "size"}


def test_parameters_of_what_a_decorator_made_are_given_by_name() -> None:
    async def get(size: int) -> None: ...

    @functools.wraps(get)
    async def wrapper(**given: int) -> None: ...

    assert read(wrapper, known(), HERE).positional == frozenset()


def test_a_status_beside_the_return_type_is_taken_off() -> None:
    async def post() -> Created[Item]: ...  # type: ignore[empty-body]

    signature = read(post, known(), HERE)
    assert (signature.returns, signature.status) == (Item, 201)


def test_a_usual_status_is_200() -> None:
    async def post() -> Annotated[Item, Status(200)]: ...  # type: ignore[empty-body]

    assert read(post, known(), HERE).status == 200


def test_a_callable_has_a_name() -> None:
    assert name_of(Caller()) == "Caller"
    assert name_of(Made) == "Made"


# --- faults ---


def test_a_parameter_without_annotation_is_a_fault() -> None:
    async def get(page): ...  # type: ignore[no-untyped-def]

    assert fault(get, path=("id",)).why == (
        "It has no annotation, and the path parameters here are: id."
    )


def test_a_body_of_a_get_is_a_fault() -> None:
    async def get(item: Item) -> None: ...

    assert fault(get).what == '"item: Item" asks GET for a body'


def test_a_type_that_nothing_supplies_is_a_fault() -> None:
    async def get(thing: Caller) -> None: ...

    assert fault(get).what == 'Nothing supplies the parameter "thing: Caller"'


def test_a_service_that_is_none_is_a_fault() -> None:
    async def get(thing: Caller = Inject()) -> None: ...

    assert fault(get).what == 'Nothing supplies the parameter "thing: Caller"'


def test_a_marker_that_nobody_provides_is_a_fault() -> None:
    async def get(session: Any = DB) -> None: ...

    with pytest.raises(ProjectError):
        read(get, Known(), HERE)


@pytest.mark.parametrize("default", [Depends(), Depends(5)])  # type: ignore[arg-type]
def test_a_dependency_that_calls_nothing_is_a_fault(default: Any) -> None:
    async def get(it): ...  # type: ignore[no-untyped-def]

    get.__defaults__ = (default,)
    assert fault(get).what == 'Depends() of the parameter "it" has nothing to call'


def test_two_bodies_are_a_fault() -> None:
    async def post(item: Item, other: Model) -> None: ...

    assert "asks for 2 bodies: item, other" in fault(post, method="POST").what


@pytest.mark.parametrize("annotation", ["Nowhere", "msgspec.Nowhere", "5 +"])
def test_an_annotation_that_cannot_be_resolved_is_a_fault(annotation: str) -> None:
    async def get(page: int) -> None: ...

    get.__annotations__["page"] = annotation
    assert "The annotations of " in fault(get).what


def test_all_faults_are_told_together() -> None:
    async def get(first, second: Caller) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(ProjectError) as caught:
        read(get, known(), HERE)
    assert len(caught.value.faults) == 2
