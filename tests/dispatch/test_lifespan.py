"""What is open while the app runs is opened in order, and closed in reverse, or the start fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from zenith_server.dispatch import lifespan
from zenith_server.plan import Lifespan, Origin
from zenith_server.protocol import Message

events: list[str] = []


@pytest.fixture(autouse=True)
def nothing_happened() -> None:
    events.clear()


def part(name: str, *, start: bool = True, stop: bool = True) -> Lifespan:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[None]:
        if not start:
            raise LookupError(f"{name} has no key")
        events.append(f"{name} opens")
        yield
        events.append(f"{name} closes")
        if not stop:
            raise LookupError(f"{name} is stuck")

    opener: Callable[[], AbstractAsyncContextManager[None]] = opened
    return Lifespan(name, opener, Origin("here"))


async def run(*parts: Lifespan) -> list[Message]:
    inbox: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    outbox: list[Message] = []

    async def receive() -> Message:
        return inbox.pop(0)

    async def send(message: Message) -> None:
        outbox.append(message)

    await lifespan.run(parts, receive, send)
    return outbox


async def test_parts_close_in_reverse() -> None:
    sent = await run(part("a"), part("b"))
    assert events == ["a opens", "b opens", "b closes", "a closes"]
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_part_that_does_not_start_stops_the_start_and_closes_the_others() -> None:
    sent = await run(part("a"), part("b", start=False), part("c"))
    assert events == ["a opens", "a closes"]
    [failed] = sent
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"] == "b did not start: b has no key"
    assert isinstance(failed["zenith.error"], LookupError)


async def test_a_part_that_does_not_close_keeps_no_other_open() -> None:
    sent = await run(part("a"), part("b", stop=False))
    assert events[-1] == "a closes"
    assert sent[-1] == {
        "type": "lifespan.shutdown.failed",
        "message": "b did not close: b is stuck",
    }
