from __future__ import annotations

from typing import Any

import pytest

from zenith_server.runner.lifespan import Lifespan, LifespanError


async def test_both_phases_run_and_the_state_is_kept() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["phases"] = []
        for _ in range(2):
            message = await receive()
            scope["state"]["phases"].append(message["type"])
            await send({"type": f"{message['type']}.complete"})

    lifespan = Lifespan(app)
    await lifespan.startup()
    await lifespan.shutdown()
    assert lifespan.state == {"phases": ["lifespan.startup", "lifespan.shutdown"]}


async def test_an_app_that_does_not_know_the_protocol_is_served() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError(scope["type"])

    lifespan = Lifespan(app)
    await lifespan.startup()
    await lifespan.shutdown()
    assert lifespan.state == {}


async def test_an_app_that_returns_without_a_word_is_served() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    await Lifespan(app).startup()


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_an_exception_is_raised_as_it_is(phase: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != f"lifespan.{phase}":
            await send({"type": "lifespan.startup.complete"})
        raise KeyError(phase)

    async def run() -> None:
        lifespan = Lifespan(app)
        await lifespan.startup()
        await lifespan.shutdown()

    with pytest.raises(KeyError, match=phase):
        await run()


async def test_a_failure_that_is_sent_is_raised_with_its_message() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "the disk is full"})

    with pytest.raises(LifespanError, match="the disk is full"):
        await Lifespan(app).startup()


async def test_a_shutdown_without_a_start_does_nothing() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    await Lifespan(app).shutdown()


async def test_the_reason_of_a_failed_start_is_kept_where_the_app_tells_it() -> None:
    reason = LookupError("no key")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "x", "zenith.error": reason})

    with pytest.raises(LifespanError) as raised:
        await Lifespan(app).startup()
    assert raised.value.reason is reason
