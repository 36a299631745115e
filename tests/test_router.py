"""Decorators collect routes, for one file, one router or the app."""

from __future__ import annotations

from typing import Any

import pytest

from zenith_server.errors import ProjectError
from zenith_server.router import MARK, METHODS, Declared, Router, route


def texts(declared: tuple[Declared, ...]) -> list[str]:
    return [f"{each.method} {each.pattern}" for each in declared]


def handler() -> None: ...


@pytest.mark.parametrize("method", [*METHODS, "WEBSOCKET"])
def test_each_method_has_a_decorator_that_returns_the_function(method: str) -> None:
    router = Router()
    decorate = getattr(router, method.lower())
    assert decorate("/a")(handler) is handler
    assert texts(router.collect()) == [f"{method} /a"]


def test_one_function_can_have_many_methods_and_urls() -> None:
    router = Router("/v1")
    router.route("/a", methods=["get", "POST"])(handler)
    router.get()(handler)
    assert texts(router.collect()) == ["GET /v1/a", "POST /v1/a", "GET /v1"]


def test_a_mark_is_left_on_the_function_itself() -> None:
    @route("/a", methods=("PUT",))
    @route.get("/{number}")
    def marked(number: int) -> None: ...

    found: Any = getattr(marked, MARK)
    assert texts(found) == ["GET /{number}", "PUT /a"]


def test_an_unknown_method_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ProjectError, match=r'"PTCH" is not a method\. Did you mean "PATCH"'):
        Router().route("/", methods=["PTCH"])


def test_a_path_that_means_nothing_is_refused_where_it_stands() -> None:
    with pytest.raises(ProjectError, match="is not a URL segment"):
        Router().get("/a b")


def test_prefixes_add_up() -> None:
    outer, inner = Router("/a"), Router("/b")
    inner.get("/{id}")(handler)
    outer.include_router(inner, prefix="/x")
    assert texts(outer.collect()) == ["GET /a/x/b/{id}"]


def test_one_router_can_be_included_twice() -> None:
    outer, inner = Router(), Router()
    inner.get("/a")(handler)
    outer.include_router(inner, "/1")
    outer.include_router(inner, "/2")
    assert texts(outer.collect()) == ["GET /1/a", "GET /2/a"]


def test_a_route_that_an_included_router_gets_later_counts() -> None:
    outer, inner = Router(), Router()
    outer.include_router(inner)
    inner.get("/late")(handler)
    assert texts(outer.collect()) == ["GET /late"]


def test_routes_keep_the_order_in_which_they_were_written() -> None:
    outer, inner = Router(), Router()
    outer.get("/1")(handler)
    outer.include_router(inner)
    outer.get("/3")(handler)
    inner.get("/2")(handler)
    assert texts(outer.collect()) == ["GET /1", "GET /2", "GET /3"]


def test_nothing_is_added_silently_after_the_app_is_built() -> None:
    outer, inner = Router(), Router()
    outer.include_router(inner)
    outer.collect()
    with pytest.raises(ProjectError, match="GET /late comes too late"):
        inner.get("/late")(handler)
    with pytest.raises(ProjectError, match="a router at /x comes too late"):
        outer.include_router(Router(), "/x")
