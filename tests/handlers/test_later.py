from __future__ import annotations

from types import FunctionType
from typing import Any

import pytest

from tests.conftest import Server
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.handlers.later import FirstUse, Later

ECHO = {"routes/echo.py": "async def get(): return 1\n\nasync def post(body: dict): return body\n"}


def handlers(app: Any) -> dict[str, Any]:
    assert isinstance(app, Dispatcher)
    return app.router.static["/echo"].handlers


async def test_a_handler_is_compiled_at_its_first_request_and_takes_its_place(
    serve: Server,
) -> None:
    client = await serve(ECHO)
    assert isinstance(handlers(client.app)["GET"], Later)
    assert (await client.get("/echo")).json() == 1
    found = handlers(client.app)
    assert isinstance(found["GET"], FunctionType)
    assert found["HEAD"] is found["GET"]
    assert isinstance(found["POST"], Later)


def test_what_is_put_around_a_handler_stays_around_it() -> None:
    async def inner(*_: Any) -> None: ...
    async def outer(*_: Any) -> None: ...

    first = Later(lambda: inner, reads_body=True, sends=False)
    table: dict[str, Any] = {"GET": first.through(lambda _: outer)}
    table["GET"].gives_way(table, "GET")
    assert table["GET"].made() is outer
    assert table == {"GET": outer}


def test_a_handler_that_cannot_be_made_is_asked_for_again() -> None:
    def fail() -> Any:
        raise MemoryError

    later = Later(fail, reads_body=False, sends=False)
    for _ in range(2):
        with pytest.raises(MemoryError):
            later.made()


def test_a_function_is_made_once() -> None:
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return lambda value: value * 2

    double = FirstUse(make)
    assert (double(2), double(3), len(made)) == (4, 6, 1)
