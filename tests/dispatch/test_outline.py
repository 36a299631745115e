from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from zenith_server.dispatch.outline import fingerprint, outline
from zenith_server.names import template
from zenith_server.plan import Origin, Route


def handler(source: str) -> Callable[..., Any]:
    module = ModuleType("written")
    exec(source, vars(module))
    return vars(module)["get"]


def test_a_route_is_told_with_its_place() -> None:
    route = Route(template("/users/{id}"), "GET", handler("def get(): ..."), Origin("a.py", 3))
    assert list(outline([route])) == ["GET /users/{id}"]
    assert outline([route])["GET /users/{id}"][0] == "a.py:3"


def test_a_handler_that_moves_is_the_same() -> None:
    assert fingerprint(handler("def get(): return 1")) == fingerprint(
        handler("\n\n# Hello\ndef get():\n    return 1")
    )


def test_a_dependency_that_lies_elsewhere_in_memory_is_the_same() -> None:
    source = """
from typing import Annotated
from zenith_server import Depends
def user(): ...
def get(user: Annotated[object, Depends(user)], other=user): return 1
"""
    assert fingerprint(handler(source)) == fingerprint(handler(source))
    assert fingerprint(handler(source)) != fingerprint(handler(source.replace("user", "owner")))


@pytest.mark.parametrize(
    "source",
    [
        "def get(): return 2",
        "def get(): return one",
        "def get(page: int = 1): return 1",
        "def get(): return [1 for _ in ()]",
        "async def get(): return 1",
    ],
)
def test_a_handler_that_does_something_else_is_another(source: str) -> None:
    assert fingerprint(handler(source)) != fingerprint(handler("def get(): return 1"))


def test_what_has_no_code_is_not_compared() -> None:
    class App:
        async def __call__(self) -> None: ...

    assert fingerprint(App()) == ""
