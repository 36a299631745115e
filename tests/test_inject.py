"""Dependencies are resolved once, before anything a client sends, and cleaned up before the answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.conftest import Server
from tests.served import scope_of
from zenith_server.errors import Fault, ProjectError
from zenith_server.protocol import Message

HEAD = """
from __future__ import annotations
from collections.abc import AsyncIterator, Iterator
from typing import Annotated
from msgspec import Struct
from zenith_server import *
from events import events

"""
EVENTS = {"events.py": "events = []\n"}


def project(text: str, **more: str) -> dict[str, str]:
    return (
        EVENTS
        | {"routes/index.py": HEAD + text}
        | {k.replace("__", "/"): v for k, v in more.items()}
    )


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
    app = await serve(project(text, routes___middleware="") | {"routes/_middleware.py": guard})
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


# --- kinds of dependencies ---

KINDS = """
import functools

class _Maker:
    def __init__(self, q: int = 1): self.value = q
class _Caller:
    async def __call__(self, q: int = 1): return q
class _SyncCaller:
    def __call__(self, q: int = 1): return q
class _Page(Struct):
    q: int = 1

async def _coroutine(q: int = 1): return q
def _function(q: int = 1): return q
async def _async_generator(q: int = 1): yield q
def _generator(q: int = 1): yield q
def _decorated(q: int = 1): return _coroutine(q)
def _sized(size: int, q: int = 1): return q
"""


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("_Maker", "it.value"),
        ("_Page", "it.q"),
        ("_Caller()", "it"),
        ("_SyncCaller()", "it"),
        ("_coroutine", "it"),
        ("_function", "it"),
        ("_async_generator", "it"),
        ("_generator", "it"),
        ("_decorated", "it"),
        ("functools.partial(_sized, 1)", "it"),
        ("lambda: 5", "it"),
    ],
)
async def test_a_dependency_is_any_callable(serve: Server, call: str, value: str) -> None:
    text = f"{KINDS}\n_call = {call}\nasync def get(it=Depends(_call)): return {value}\n"
    app = await serve(project(text))
    assert (await app.get("/?q=5")).json() == 5


# --- cleanups ---

GENERATOR = """
async def _opened() -> AsyncIterator[str]:
    events.append("open")
    try:
        yield "it"
    except BaseException as error:
        events.append(type(error).__name__)
        raise
    finally:
        events.append("close")
"""
SYNC_GENERATOR = GENERATOR.replace("async def", "def").replace("AsyncIterator", "Iterator")


@pytest.mark.parametrize("opened", [GENERATOR, SYNC_GENERATOR])
async def test_a_cleanup_runs_between_the_handler_and_the_response(
    serve: Server, opened: str
) -> None:
    app = await serve(project(f"{opened}\nasync def get(it=Depends(_opened)): events.append(it)"))
    from importlib import import_module

    events: list[str] = import_module("events").events

    async def send(message: Message) -> None:
        events.append(message["type"])

    async def receive() -> Message:
        return {"type": "http.request"}

    await app.app(scope_of("GET", "/", []), receive, send)
    assert events == ["open", "it", "close", "http.response.start", "http.response.body"]


@pytest.mark.parametrize("opened", [GENERATOR, SYNC_GENERATOR])
async def test_an_exception_of_the_handler_is_thrown_into_the_generator(
    serve: Server, opened: str
) -> None:
    text = f"{opened}\nasync def get(it=Depends(_opened)): raise NotFound('gone')"
    app = await serve(project(text + "\nasync def post(): return events"))
    assert (await app.get("/")).json()["detail"] == "gone"
    assert (await app.post("/")).json() == ["open", "NotFound", "close"]


@pytest.mark.parametrize("opened", [GENERATOR, SYNC_GENERATOR])
async def test_a_fault_of_the_client_is_thrown_into_the_generator_too(
    serve: Server, opened: str
) -> None:
    text = f"{opened}\nasync def get(q: int, it=Depends(_opened)): ..."
    app = await serve(project(text + "\nasync def post(): return events"))
    assert (await app.get("/")).status == 422
    assert (await app.post("/")).json() == ["open", "ValidationError", "close"]


@pytest.mark.parametrize("opened", [GENERATOR, SYNC_GENERATOR])
async def test_a_cleanup_runs_when_the_request_is_cancelled(serve: Server, opened: str) -> None:
    text = f"""
import asyncio
{opened}
async def get(it=Depends(_opened)): await asyncio.sleep(60)
async def post(): return events
"""
    app = await serve(project(text))
    task = asyncio.ensure_future(app.get("/"))
    while (await app.post("/")).json() != ["open"]:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await app.post("/")).json() == ["open", "CancelledError", "close"]


async def test_cleanups_run_in_reverse(serve: Server) -> None:
    text = """
async def _a():
    yield
    events.append("a")
async def _b(a=Depends(_a)):
    yield
    events.append("b")
async def get(b=Depends(_b)): return events
async def post(): return events
"""
    app = await serve(project(text))
    await app.get("/")
    assert (await app.post("/")).json() == ["b", "a"]


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_a_cleanup_that_fails_is_the_answer(serve: Server, kind: str) -> None:
    text = f"""
{kind} _opened():
    yield
    raise Conflict("not kept")
async def get(it=Depends(_opened)): return 1
"""
    app = await serve(project(text))
    assert (await app.get("/")).json()["detail"] == "not kept"


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_an_exception_that_a_dependency_swallows_is_told(
    serve: Server, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    text = f"""
{kind} _opened():
    try:
        yield
    except LookupError:
        pass
async def get(it=Depends(_opened)): raise LookupError
"""
    app = await serve(project(text))
    assert (await app.get("/")).status == 500
    assert (
        "A dependency of routes/index.py:14 swallowed an exception; raise it again" in caplog.text
    )


STREAMS = """
async def _pieces():
    events.append("piece")
    yield b"a"
    events.append("piece")
    yield b"b"
"""


@pytest.mark.parametrize("result", ["_pieces()", "StreamingResponse(_pieces())"])
async def test_a_stream_ends_before_the_cleanups(serve: Server, result: str) -> None:
    text = f"""
from starlette.responses import StreamingResponse
{GENERATOR}{STREAMS}
async def get(it=Depends(_opened)): return {result}
async def post(): return events
"""
    app = await serve(project(text))
    assert (await app.get("/")).body == b"ab"
    assert (await app.post("/")).json() == ["open", "piece", "piece", "close"]


async def test_other_responses_come_after_the_cleanups(serve: Server) -> None:
    text = f"""
from starlette.responses import PlainTextResponse
{GENERATOR}
async def get(it=Depends(_opened)): return PlainTextResponse(it)
"""
    app = await serve(project(text))
    assert (await app.get("/")).body == b"it"


# --- threads ---


async def test_a_sync_handler_leaves_the_event_loop_free(serve: Server) -> None:
    text = """
import threading
opened = threading.Event()
def get(): return opened.wait(30)
async def post(): opened.set()
"""
    app = await serve(project(text))
    waiting = asyncio.ensure_future(app.get("/"))
    await asyncio.sleep(0.05)
    await app.post("/")
    assert (await waiting).json() is True


async def test_a_decorator_may_hide_that_a_handler_is_async(serve: Server) -> None:
    text = """
import functools

def _decorated(handler):
    @functools.wraps(handler)
    def call(*args, **kwargs): return handler(*args, **kwargs)
    return call

@_decorated
async def get(q: int = 1): return q
"""
    app = await serve(project(text))
    assert (await app.get("/?q=2")).json() == 2


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
    with pytest.raises(ProjectError, match="get does not take id from /{id}"):
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


async def test_a_type_that_nothing_writes_is_a_fault(serve: Server) -> None:
    text = "class A(Struct): ...\nclass B(Struct): ...\nasync def get() -> list[A | B]: ..."
    assert (await fault(serve, text)).what == (
        "What get declares to return cannot be written as JSON"
    )
