"""What a `middleware` in a file can be."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from zenith_server.dispatch.layering import items_of, layers_in
from zenith_server.errors import ProjectError
from zenith_server.manifest import ProjectFile

FILE = ProjectFile("middleware", "middleware/a.py", "middleware.a")


async def with_call_next(request: Any, call_next: Any) -> Any: ...
async def with_one(request: Any) -> Any: ...
async def with_three(scope: Any, receive: Any, send: Any) -> None: ...
def around(app: Any) -> Any: ...
def sync_call_next(request: Any, call_next: Any) -> Any: ...


class Layer:
    def __init__(self, app: Any, option: int = 1) -> None: ...


def module(**values: Any) -> ModuleType:
    made = ModuleType("middleware.a")
    vars(made).update(values)
    return made


@pytest.mark.parametrize("form", [with_call_next, around, Layer, Middleware(CORSMiddleware)])
def test_a_layer_can_be(form: Any) -> None:
    (layer,) = layers_in(module(middleware=form), FILE)
    assert layer.name == "middleware/a.py"
    assert layer.http_only == (form is with_call_next)


def test_a_list_of_layers_has_numbered_names_and_its_own_lines() -> None:
    layers = layers_in(module(middleware=[around, with_call_next]), FILE)
    assert [layer.name for layer in layers] == ["middleware/a.py[0]", "middleware/a.py[1]"]
    assert layers[0].origin.line == around.__code__.co_firstlineno


@pytest.mark.parametrize("form", [7, "x", with_one, with_three, sync_call_next, {"a": 1}])
def test_anything_else_is_refused(form: Any) -> None:
    with pytest.raises(ProjectError, match="has a `middleware` that is none"):
        layers_in(module(middleware=form), FILE)


def test_a_callable_whose_parameters_nobody_knows_is_tried() -> None:
    assert len(layers_in(module(middleware=type), FILE)) == 1


@pytest.mark.parametrize(
    ("values", "items"), [({}, []), ({"x": None}, []), ({"x": 1}, [1]), ({"x": (1, 2)}, [1, 2])]
)
def test_a_name_holds_several_things_one_or_none(values: dict[str, Any], items: list[int]) -> None:
    assert list(items_of(module(**values), "x")) == items
