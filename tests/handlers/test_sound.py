"""Handlers whose code waits for the first request, and those that are looked at in full before."""

from typing import Any

import msgspec
import pytest

from tests.conftest import Server
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.handlers.inject import compile_route, write_route
from zenith_server.handlers.signature import Known, read
from zenith_server.handlers.sound import is_sound
from zenith_server.markers import Depends, Form
from zenith_server.names import template
from zenith_server.plan import Guard, Origin, Route
from zenith_server.router import conditional

HERE = Origin("routes/x.py", 1)


class Item(msgspec.Struct):
    name: str


class Odd(msgspec.Struct):
    parts: dict[Item, int]
    both: Item | dict[str, int]


async def get(key: int, page: int = 1, tags: list[str] | None = None) -> Item: ...  # type: ignore[empty-body]
async def put(key: int, item: Item) -> None: ...
async def post(key: int, name: str = Form()) -> None: ...  # type: ignore[assignment]
async def two(key: int, item: Item, name: str = Form()) -> None: ...  # type: ignore[assignment]
async def none() -> int: ...  # type: ignore[empty-body]
async def injected(key: int, item: Item = Depends(none)) -> None: ...
async def odd(key: int) -> Odd: ...  # type: ignore[empty-body]


@conditional()
async def tagged(key: int) -> Item: ...  # type: ignore[empty-body]


def found(handler: Any, method: str = "GET", **more: Any) -> bool:
    route = Route(template("/x/{key}"), method, handler, HERE, **more)
    signature = read(handler, Known(("key",), method=method), HERE)
    return is_sound(route, signature, refuse_unknown=True)


def test_one_that_asks_for_what_clients_send_is_sound() -> None:
    assert found(get)
    assert found(put, "PUT")
    assert found(post, "POST")


@pytest.mark.parametrize("handler", [none, injected, odd, tagged])
def test_one_with_more_or_a_fault_is_looked_at(handler: Any) -> None:
    assert not found(handler)


def test_one_that_reads_two_formats_is_looked_at() -> None:
    assert not found(two, "POST")


def test_one_behind_a_guard_or_for_sockets_is_looked_at() -> None:
    assert not found(get, guards=(Guard(none, HERE),))
    assert not found(get, "WEBSOCKET")


@pytest.mark.parametrize(("handler", "method"), [(get, "GET"), (put, "PUT"), (post, "POST")])
async def test_what_it_does_with_the_body_is_what_its_code_would_say(
    handler: Any, method: str, serve: Server
) -> None:
    app = (await serve({"routes/y.py": "async def get() -> int: return 1"})).app
    assert isinstance(app, Dispatcher)
    route = Route(template("/x/{key}"), method, handler, HERE)
    later = compile_route(route, app.injection)
    written = write_route(route, app.injection).handler("<it>")
    assert (later.reads_body, later.sends) == (written.reads_body, written.sends)
    assert later.reads_body == (method != "GET")
