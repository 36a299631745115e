from __future__ import annotations

import asyncio

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import prepared
from tests.served import Answer, Served
from zenith_server.plugins.layers import pace
from zenith_server.protocol import Message

RAW = {
    "routes/index.py": """
        from starlette.requests import Request

        ends = []

        async def post(request: Request):
            try:
                return len(await request.body())
            except BaseException as error:
                ends.append(type(error).__name__)
                raise

        async def put(request: Request):
            await request.body()
            return (await request.receive())["type"]

        async def get():
            return ends
    """,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK", 0.02)
    monkeypatch.setattr(pace, "GRACE", 0.1)


async def send_slowly(
    app: Served, *parts: bytes, pause: float = 0.0, ends: bool = False, method: str = "POST"
) -> Answer:
    """Send parts with pauses, then nothing more."""
    answer, waiting = Answer(), list(parts)

    async def receive() -> Message:
        await asyncio.sleep(pause)
        if waiting:
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting) or not ends}
        await asyncio.sleep(0.5 if ends else 30)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app.app(prepared(method, "/", ()), receive, send)
    return answer


async def test_a_body_that_never_comes_is_a_408(serve: Server) -> None:
    app = await serve(RAW)
    answer = await send_slowly(app)
    assert (answer.status, answer.json()["title"]) == (408, "Request Timeout")
    assert answer.json()["detail"] == "The body came more slowly than 240 bytes a second"
    assert (await app.get("/")).json() == ["HTTPException"]


async def test_a_body_that_comes_too_slowly_is_a_408(serve: Server) -> None:
    app = await serve(RAW)
    assert (await send_slowly(app, *[b"x"] * 100, pause=0.02)).status == 408


async def test_a_body_that_comes_fast_enough_is_read(serve: Server) -> None:
    app = await serve(RAW)
    answer = await send_slowly(app, *[b"x" * 100] * 10, pause=0.03, ends=True)
    assert (answer.status, answer.json()) == (200, 1000)


async def test_a_whole_body_has_a_time_too(serve: Server) -> None:
    app = await serve({**RAW, "zenith.yaml": "requests: {body_timeout: 200ms}\n"})
    answer = await send_slowly(app, *[b"x" * 1000] * 100, pause=0.02)
    assert answer.json()["detail"] == "The body did not arrive within 0.2 s"


async def test_whoever_waits_after_the_body_waits_in_peace(serve: Server) -> None:
    app = await serve(RAW)
    answer = await send_slowly(app, b"x", ends=True, method="PUT")
    assert answer.json() == "http.disconnect"


async def test_without_a_rate_and_a_time_a_body_may_dawdle(serve: Server) -> None:
    lax = "connections: {min_rate: 0}\nrequests: {body_timeout: 0}\n"
    app = await serve({**RAW, "zenith.yaml": lax})
    assert (await send_slowly(app, b"x", pause=0.3, ends=True)).json() == 1


async def test_a_cancellation_from_elsewhere_stays_one(serve: Server) -> None:
    app = await serve(RAW)
    task = asyncio.ensure_future(send_slowly(app))
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
