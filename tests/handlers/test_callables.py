"""What is read from a function itself is what `inspect` and `typing` say of it."""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional

import pytest

from zenith_server.handlers import callables
from zenith_server.handlers.callables import Wanted, hints_of, wanted_by
from zenith_server.markers import DB, Query


class Item:
    name: str


async def plain(key: int, /, page: int = 1, *, order: str, size: float = 2.5) -> Item: ...  # type: ignore[empty-body]
async def texts(key: "int", item: "Item", pages: "list[int]", nothing: "None" = None) -> "Item": ...  # type: ignore[empty-body]
async def unions(page: int | None = None, size: Optional[int] = None) -> dict[str, int]: ...  # type: ignore[empty-body]  # noqa: UP045
async def nested(pages: "list['int']", items: list["Item"], kind: Literal["a"]) -> Any: ...
async def markers(page: Annotated[int, Query()], session=DB, *args: int, **more: int) -> None: ...  # type: ignore[no-untyped-def]
async def bare(page, size=1): ...  # type: ignore[no-untyped-def]
def generic(item: "typing.TypeVar", kind: type[Item]) -> tuple[Item, ...]: ...  # type: ignore[empty-body]


@functools.wraps(plain)
async def wrapped(**given: Any) -> Any: ...


def told() -> None:
    """Say that it has another signature."""


told.__signature__ = inspect.signature(plain)  # type: ignore[attr-defined]
FUNCTIONS = [plain, texts, unions, nested, markers, bare, generic, wrapped, told]


@pytest.mark.parametrize("call", FUNCTIONS)
def test_annotations_are_those_that_typing_resolves(call: Callable[..., Any]) -> None:
    assert hints_of(call) == typing.get_type_hints(call, include_extras=True)


@pytest.mark.parametrize("call", FUNCTIONS)
def test_parameters_are_those_that_inspect_finds(call: Callable[..., Any]) -> None:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = [p for p in inspect.signature(call).parameters.values() if p.kind not in variable]
    assert [(each.name, each.default) for each in wanted_by(call)] == [
        (parameter.name, parameter.default) for parameter in found
    ]


@pytest.mark.parametrize("call", [plain, texts, markers, bare])
def test_plain_functions_need_neither(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(callables.typing, "get_type_hints")
    monkeypatch.delattr(callables.inspect, "signature")
    if call is not texts:  # one of its texts is more than a name
        hints_of(call)
    wanted_by(call)


def test_what_stands_behind_a_star_is_given_by_name() -> None:
    assert wanted_by(plain)[2:] == [
        Wanted("order", callables.MISSING, by_place=False),
        Wanted("size", 2.5, by_place=False),
    ]


def test_a_name_that_is_not_there_is_told() -> None:
    def get(item: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821 # pyright: ignore[reportUndefinedVariable]

    with pytest.raises(NameError, match="Nowhere"):
        hints_of(get)
