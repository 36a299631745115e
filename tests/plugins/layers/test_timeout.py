from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.projects import write_project
from tests.served import served
from zenith_server.dispatch.dispatcher import Dispatcher

QUICK = "layers: {timeout: true}\nrequests: {timeout: 200ms}\n"
STUCK = {
    "zenith.yaml": QUICK,
    "routes/stuck.py": "import asyncio\n\nasync def get():\n    await asyncio.sleep(30)\n",
    "routes/index.py": "async def get(): return 'here'\n",
}


async def test_a_stuck_handler_is_answered_for(serve: Server) -> None:
    answer = await (await serve(STUCK)).get("/stuck")
    assert (answer.status, answer.json()["detail"]) == (503, "No answer within 0.2 s")
    assert answer.json()["request_id"] == answer.header("x-request-id")


async def test_it_is_cancelled_and_gives_back_what_it_holds(serve: Server) -> None:
    stuck = """
        import asyncio
        from zenith_server import Depends
        ends = []

        async def _held():
            try:
                yield
            except BaseException as error:
                ends.append(type(error).__name__)
                raise

        async def get(held = Depends(_held)):
            await asyncio.sleep(30)

        async def post():
            return ends
    """
    app = await serve({**STUCK, "routes/held.py": stuck})
    assert (await app.get("/held")).status == 503
    assert (await app.post("/held")).json() == ["CancelledError"]


async def test_a_stuck_thread_is_answered_for_too(serve: Server) -> None:
    sync = "import time\n\ndef get():\n    time.sleep(1.5)\n"
    app = await serve({**STUCK, "routes/thread.py": sync})
    assert (await app.get("/thread")).status == 503


async def test_an_answer_that_has_begun_may_take_its_time(serve: Server) -> None:
    stream = """
        import asyncio

        async def get():
            yield "first "
            await asyncio.sleep(0.6)
            yield "last"
    """
    app = await serve({**STUCK, "routes/stream.py": stream})
    assert (await app.get("/stream")).body == b"first last"


async def test_each_request_has_its_own_time(serve: Server) -> None:
    app = await serve(STUCK)

    async def late(pause: float) -> int:
        await asyncio.sleep(pause)
        return (await app.get("/stuck")).status

    assert await asyncio.gather(*(late(pause / 10) for pause in range(6))) == [503] * 6
    assert (await app.get("/")).status == 200


async def test_a_quick_request_leaves_nothing_behind(serve: Server) -> None:
    app = await serve(STUCK)
    assert (await app.get("/")).json() == "here"
    await asyncio.sleep(0.4)
    assert (await app.get("/stuck")).status == 503


async def test_a_handlers_own_timeout_is_its_own_error(serve: Server) -> None:
    own = "async def get(): raise TimeoutError\n"
    app = await serve({**STUCK, "routes/own.py": own})
    assert (await app.get("/own")).status == 500


async def test_a_request_that_is_cancelled_from_outside_ends_cancelled(serve: Server) -> None:
    app = await serve(STUCK)
    request = asyncio.create_task(app.get("/stuck"))
    await asyncio.sleep(0.05)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_a_request_that_is_late_and_cancelled_ends_cancelled(serve: Server) -> None:
    slow = """
        import asyncio

        async def get():
            try:
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(0.4)
    """
    app = await serve({**STUCK, "routes/slow.py": slow})
    request = asyncio.create_task(app.get("/slow"))
    await asyncio.sleep(0.4)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_a_request_to_the_app_itself_shares_the_time_of_the_first(serve: Server) -> None:
    both = """
        from starlette.requests import Request
        from tests.served import scope_of

        async def get(request: Request):
            said = []
            async def send(message):
                said.append(message)
            app = request.scope["tested"]
            await app(scope_of("GET", "/", []), request.receive, send)
            return said[0]["status"]
    """
    app = await serve({**STUCK, "routes/outer.py": both})
    inner = app.app

    async def with_itself(scope: object, receive: object, send: object) -> None:
        await inner({**scope, "tested": inner}, receive, send)  # type: ignore[arg-type,dict-item]

    app.app = with_itself
    assert (await app.get("/outer")).json() == 200
    app.app = inner


def test_each_event_loop_has_its_own_timer(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", STUCK)
    app: list[Dispatcher] = []

    async def boot() -> None:
        running = await served(folder)
        app.append(running.app)  # type: ignore[arg-type]
        await running.get("/")
        await running.stop()

    async def stuck() -> int:
        from tests.served import Served

        return (await Served(app[0]).get("/stuck")).status

    asyncio.run(boot())
    # The first loop closed with its timer pending; two more run at once in threads.
    barrier = threading.Barrier(2)

    def in_thread() -> int:
        barrier.wait()
        return asyncio.run(stuck())

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(in_thread) for _ in range(2)]
        assert [result.result() for result in results] == [503, 503]


async def test_zero_sets_no_end_and_the_plan_says_so(serve: Server) -> None:
    text = "layers: {timeout: true}\nrequests: {timeout: 0}\n"
    app = (await serve({**STUCK, "zenith.yaml": text})).app
    assert isinstance(app, Dispatcher)
    assert "timeout" in [idle.name for idle in app.plan.idle]
    assert "timeout" not in [layer.name for layer in app.plan.layers]
