"""Callables are awaited, sent to a thread or entered, by what they are."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Server
from tests.served import scope_of
from zenith_server.handlers.calls import context_of, in_thread, is_async, is_blocking
from zenith_server.protocol import Message


class Caller:
    def __call__(self) -> None: ...


class AsyncCaller:
    async def __call__(self) -> None: ...

    async def method(self) -> None: ...


def function() -> None: ...


async def coroutine() -> None: ...


def generator() -> Iterator[int]:
    yield threading.get_ident()


async def async_generator() -> AsyncIterator[int]:
    yield threading.get_ident()


@pytest.mark.parametrize(
    "call", [coroutine, functools.partial(coroutine), AsyncCaller(), AsyncCaller().method]
)
def test_it_is_awaited(call: Callable[..., Any]) -> None:
    assert is_async(call)
    assert not is_blocking(call)


@pytest.mark.parametrize("call", [function, functools.partial(function), Caller(), lambda: 1])
def test_it_may_block(call: Callable[..., Any]) -> None:
    assert is_blocking(call)
    assert not is_async(call)


@pytest.mark.parametrize("call", [Caller, AsyncCaller, generator, async_generator])
def test_it_is_only_called(call: Callable[..., Any]) -> None:
    assert not is_blocking(call)
    assert not is_async(call)


async def test_a_thread_is_another() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_what_a_thread_returns_is_awaited() -> None:
    async def five() -> int:
        return 5

    assert await in_thread(five) == 5


@pytest.mark.parametrize("call", [function, coroutine, Caller, Caller()])
def test_it_is_not_entered(call: Callable[..., Any]) -> None:
    assert context_of(call) is None


@pytest.mark.parametrize("call", [generator, async_generator, functools.partial(generator)])
async def test_a_generator_is_entered(call: Callable[..., Any]) -> None:
    opener = context_of(call)
    assert opener is not None
    async with opener() as ident:
        assert (ident == threading.get_ident()) is (call is async_generator)


# --- through a handler ---

HEAD = """
from __future__ import annotations
from collections.abc import AsyncIterator, Iterator
from msgspec import Struct
from zenith_server import *
from events import events

"""


def project(text: str) -> dict[str, str]:
    return {"events.py": "events = []\n", "routes/index.py": HEAD + text}


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
    for _ in range(500):
        await asyncio.sleep(0.01)
        if (await app.post("/")).json():
            break
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
        "A dependency of routes/index.py:13 swallowed an exception; raise it again" in caplog.text
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
