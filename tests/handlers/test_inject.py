"""Dependencies are resolved once, before what a client sends, and closed before the answer."""

from __future__ import annotations

import pytest

from tests.conftest import Server
from zenith_server.errors import Fault, ProjectError

HEAD = """
from __future__ import annotations
from typing import Annotated
from msgspec import Struct
from zenith_server import *
from events import events

"""


def project(text: str) -> dict[str, str]:
    return {"events.py": "events = []\n", "routes/index.py": HEAD + text}


async def fault(serve: Server, text: str) -> Fault:
    with pytest.raises(ProjectError) as caught:
        await serve(project(text))
    return caught.value.faults[0]


# --- order ---

USER = """
async def _current_user(x_token: Annotated[str, Header()] = "nobody") -> str:
    return x_token

CurrentUser = Annotated[str, Depends(_current_user)]
"""


@pytest.mark.parametrize(
    "parameter",
    ["user: CurrentUser", "user: str = Depends(_current_user)", "user=Depends(_current_user)"],
)
async def test_nothing_a_client_sends_stands_in_for_a_dependency(
    serve: Server, parameter: str
) -> None:
    app = await serve(project(f"{USER}\nasync def get({parameter}): return user\n"))
    assert (await app.get("/?user=admin", {"x-token": "ada"})).json() == "ada"


async def test_a_dependency_refuses_before_the_query_is_looked_at(serve: Server) -> None:
    text = """
def _refuse(): raise Forbidden("not you")

async def get(page: int, nobody=Depends(_refuse)): ...
"""
    app = await serve(project(text))
    assert (await app.get("/?page=x")).status == 403


async def test_a_dependency_refuses_before_the_body_is_read(serve: Server) -> None:
    text = """
def _refuse(): raise Forbidden("not you")

async def post(body: dict, nobody=Depends(_refuse)): ...
"""
    app = await serve(project(text))
    assert (await app.post("/", b"rubbish")).status == 403


async def test_guards_run_before_dependencies_of_the_handler(serve: Server) -> None:
    text = """
def _note(): events.append("handler")

async def get(note=Depends(_note)): return events
"""
    guard = "from events import events\ndef before(): events.append('guard')\n"
    app = await serve(project(text) | {"routes/_middleware.py": guard})
    assert (await app.get("/")).json() == ["guard", "handler"]


# --- once ---


async def test_a_dependency_is_called_once_a_request(serve: Server) -> None:
    text = """
def _number():
    events.append(1)
    return len(events)

def _twice(number: int = Depends(_number)): return number
def _thrice(number: int = Depends(_number), twice=Depends(_twice)): return number

async def get(a=Depends(_number), b=Depends(_twice), c=Depends(_thrice)): return [a, b, c]
"""
    app = await serve(project(text))
    assert [(await app.get("/")).json() for _ in range(2)] == [[1, 1, 1], [2, 2, 2]]


async def test_dependencies_may_call_their_parameters_alike(serve: Server) -> None:
    text = """
def _first(limit: int = 1, *, _x: int = 1): return limit
def _second(limit: Annotated[int, Query("other")] = 2): return limit

async def get(limit: int = 3, a=Depends(_first), b=Depends(_second)): return [limit, a, b]
"""
    app = await serve(project(text))
    assert (await app.get("/?limit=7&other=8")).json() == [7, 7, 8]


@pytest.mark.parametrize(
    "name", ["query", "body", "form", "cookie", "scope", "receive", "send", "values", "reply", "v0"]
)
async def test_a_dependency_may_have_any_name(serve: Server, name: str) -> None:
    module = f"async def {name}(q: int = 1): return q\n"
    text = (
        f"from named import {name}\nasync def get(it=Depends({name}), q: int = 2): return [it, q]"
    )
    app = await serve(project(text) | {"named.py": module})
    assert (await app.get("/?q=5")).json() == [5, 5]


@pytest.mark.parametrize("name", ["query", "values", "error", "scope"])
async def test_an_error_handler_may_call_the_exception_as_it_likes(
    serve: Server, name: str
) -> None:
    errors = (
        f"async def oops({name}: LookupError, q: int = 1): return {{'is': str({name}), 'q': q}}"
    )
    text = "async def get(): raise LookupError('it')"
    app = await serve(project(text) | {"routes/_errors.py": errors})
    assert (await app.get("/?q=2")).json() == {"is": "it", "q": 2}


# --- services ---

SERVICES = {
    "services/clock.py": """
        from zenith_server import Request, Service

        class Clock(Service):
            made = 0

            def __init__(self):
                Clock.made += 1

        class Greeter:
            def __init__(self, clock: Clock, greeting: str = "hi"):
                self.clock, self.greeting = clock, greeting

        class Visit:
            def __init__(self, request: Request, greeter: Greeter):
                self.url, self.greeter = request.url.path, greeter
        """,
    "routes/index.py": """
        from services.clock import Clock, Greeter, Visit
        from zenith_server import Inject

        async def get(visit: Visit, again: Visit, clock: Clock, greeter=1):
            return [visit.url, visit is again, visit.greeter.clock is clock, Clock.made]

        async def post(greeter: Greeter = Inject()):
            return greeter.greeting
        """,
}


async def test_services_are_made_once_or_once_a_request(serve: Server) -> None:
    app = await serve(SERVICES)
    assert [(await app.get("/")).json() for _ in range(2)] == [["/", True, True, 1]] * 2


async def test_a_service_keeps_its_own_defaults(serve: Server) -> None:
    app = await serve(SERVICES)
    assert (await app.post("/?greeting=no")).json() == "hi"


# --- faults ---


async def test_dependencies_in_a_circle_are_a_fault(serve: Server) -> None:
    text = """
def _a(b: int = Depends(lambda: _b)): ...
def _b(a=Depends(_a)): ...
_a.__defaults__ = (Depends(_b),)
async def get(a=Depends(_a)): ...
"""
    assert (await fault(serve, text)).what == "_a depends on _b depends on _a"


async def test_a_form_beside_a_body_is_a_fault(serve: Server) -> None:
    text = "async def post(body: dict, name: Annotated[str, Form()]): ..."
    assert (await fault(serve, text)).what == "A handler asks for a JSON body and for a form"


async def test_a_path_parameter_that_nobody_takes_is_a_fault(serve: Server) -> None:
    with pytest.raises(ProjectError, match=r"get does not take id from /\{id\}"):
        await serve({"routes/[id].py": "async def get(): ..."})


@pytest.mark.parametrize(
    "parameter",
    ["q: datetime.date | str", "q: Annotated[A | B, Body()]", "q: Annotated[Mixed, Body()]"],
)
async def test_a_type_that_nothing_reads_is_a_fault(serve: Server, parameter: str) -> None:
    text = f"""
import datetime
from pydantic import BaseModel
class Model(BaseModel): ...
class A(Struct): ...
class B(Struct): ...
class Mixed(Struct):
    model: Model
async def post({parameter}): ...
"""
    assert (await fault(serve, text)).what == 'The type of "q" cannot be read from a request'


@pytest.mark.parametrize(
    ("kind", "source"),
    [("dict", "Query"), ("dict[str, int]", "Header"), ("Mapping[str, int] | None", "Cookie")],
)
async def test_a_mapping_is_no_single_value_of_a_request(
    serve: Server, kind: str, source: str
) -> None:
    text = f"""
from collections.abc import Mapping
from zenith_server import Cookie, Header, Query
async def get(q: {kind} = {source}()): ...
"""
    found = await fault(serve, text)
    assert found.what == 'The type of "q" cannot be read from a request'
    assert "name its fields in a msgspec Struct" in found.why


async def test_a_type_that_nothing_writes_is_a_fault(serve: Server) -> None:
    text = "class A(Struct): ...\nclass B(Struct): ...\nasync def get() -> list[A | B]: ..."
    assert (await fault(serve, text)).what == (
        "What get declares to return cannot be written as JSON"
    )
