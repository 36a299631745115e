from __future__ import annotations

import asyncio

import pytest

from tests.conftest import Server
from tests.served import Answer, Served

SLOW = {
    "zenith.yaml": "layers: {concurrency: true}\nrequests: {concurrency: 2, queue: 3}\n",
    "routes/slow.py": """
        import asyncio
        now, most = 0, 0

        async def get(seconds: float = 0.05, fails: bool = False):
            global now, most
            now += 1
            most = max(most, now)
            try:
                await asyncio.sleep(seconds)
            finally:
                now -= 1
            if fails:
                raise RuntimeError
            return most
    """,
}


async def together(app: Served, *urls: str) -> list[Answer]:
    return await asyncio.gather(*(app.get(url) for url in urls))


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


async def test_so_many_are_handled_so_many_wait_and_the_rest_come_back(serve: Server) -> None:
    app = await serve(SLOW)
    answers = await together(app, *["/slow"] * 8)
    assert statuses(answers) == [200] * 5 + [503] * 3
    assert max(answer.json() for answer in answers[:5]) == 2
    assert answers[-1].header("retry-after") == "1"
    assert answers[-1].json()["detail"] == "The server is busy"


async def test_a_place_is_free_again_however_its_request_ended(serve: Server) -> None:
    app = await serve({**SLOW, "zenith.yaml": SLOW["zenith.yaml"] + "logging: {level: critical}\n"})
    for _ in range(3):
        answers = await together(app, *["/slow?fails=true", "/none", "/slow?seconds=x"] * 1)
        assert statuses(answers) == [500, 404, 422]
    assert statuses(await together(app, *["/slow"] * 5)) == [200] * 5


async def test_whoever_leaves_the_queue_takes_no_place(serve: Server) -> None:
    app = await serve(SLOW)
    tasks = [asyncio.ensure_future(app.get("/slow?seconds=0.2")) for _ in range(5)]
    await asyncio.sleep(0.05)
    for task in tasks[2:4]:
        task.cancel()
    assert [(await task).status for task in (*tasks[:2], tasks[4])] == [200] * 3
    for task in tasks[2:4]:
        with pytest.raises(asyncio.CancelledError):
            await task
    assert statuses(await together(app, *["/slow"] * 5)) == [200] * 5


async def test_who_is_called_and_leaves_at_the_same_moment_gives_the_place_on(
    serve: Server,
) -> None:
    app = await serve(SLOW)
    tasks = [asyncio.ensure_future(app.get("/slow?seconds=0.1")) for _ in range(4)]
    await asyncio.sleep(0.05)
    await asyncio.wait(tasks[:2])
    for task in tasks[2:]:
        task.cancel()
    await asyncio.wait(tasks)
    assert statuses(await together(app, *["/slow"] * 5)) == [200] * 5


async def test_health_is_answered_however_busy_the_server_is(serve: Server) -> None:
    app = await serve(SLOW)
    busy = asyncio.ensure_future(together(app, *["/slow"] * 5))
    await asyncio.sleep(0.01)
    assert (await app.get("/health/live")).status == 200
    await busy


async def test_development_sets_no_limit(serve: Server) -> None:
    app = await serve({"routes/slow.py": SLOW["routes/slow.py"]}, "development")
    assert statuses(await together(app, *["/slow"] * 20)) == [200] * 20
