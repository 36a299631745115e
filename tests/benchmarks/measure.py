"""Measure one contender in this process: `python -m tests.benchmarks.measure zenith [ROUTES]`.

Prints a JSON object: the CPU time of a request in microseconds, by case. Each answer is checked
before it is timed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from time import process_time
from typing import Any, NamedTuple

App = Callable[[Any, Any, Any], Awaitable[None]]
HELLO = {"message": "Hello, world!"}
ITEM = {"name": "chair", "price": 19.5, "tags": ["oak", "old"]}
CPU_SECONDS = 0.15
BATCH = 50


class Case(NamedTuple):
    """One request, and what must come back."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""
    status: int = 200
    answer: Any = None


SENT = json.dumps(ITEM).encode()
CASES = {
    "json": Case("GET", "/json", answer=HELLO),
    "params": Case("GET", "/items/5", b"page=2&q=abc", answer={"id": 5, "page": 2, "q": "abc"}),
    "struct": Case("POST", "/structs", body=SENT, answer=ITEM),
    "model": Case("POST", "/models", body=SENT, answer=ITEM),
    "missing": Case("GET", "/nope", status=404),
    "method": Case("DELETE", "/json", status=405),
    "session": Case("GET", "/session", answer=HELLO),
}


def many_cases(routes: int) -> dict[str, Case]:
    """Return the requests for the last of so many static and dynamic routes."""
    last = routes - 1
    return {
        f"static {routes}": Case("GET", f"/static{last}", answer=HELLO),
        f"dynamic {routes}": Case("GET", f"/dynamic{last}/5", answer={"id": 5}),
    }


def scope_of(case: Case) -> dict[str, Any]:
    """Return the scope that a server would make of a case's request."""
    headers = [(b"host", b"localhost"), (b"accept", b"*/*"), (b"user-agent", b"bench")]
    if case.body:
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(case.body)),
        ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": case.method,
        "scheme": "http",
        "path": case.path,
        "raw_path": case.path.encode(),
        "query_string": case.query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def receiver(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return a `receive` that gives the whole body, and then waits as a server does."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else await asyncio.Future()

    return receive


async def check(app: App, case: Case) -> None:
    """See to it that the answer is right.

    Raises:
        AssertionError: it is not.
    """
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope_of(case), receiver(case.body), send)
    body = b"".join(message.get("body", b"") for message in messages)
    if messages[0]["status"] != case.status:
        raise AssertionError(f"{case} was answered with {messages[0]['status']} {body!r}")
    if case.answer is not None and json.loads(body) != case.answer:
        raise AssertionError(f"{case} was answered with {body!r}")


async def timed(app: App, case: Case) -> float:
    """Return the CPU time of a request in microseconds: that of the middle batch."""
    scope = scope_of(case)

    async def send(_: Any) -> None: ...

    async def batch() -> float:
        began = process_time()
        for _ in range(BATCH):
            await app(scope.copy(), receiver(case.body), send)
        return process_time() - began

    await batch()
    batches: list[float] = []
    while sum(batches) < CPU_SECONDS:
        batches.append(await batch())
    return median(batches) / BATCH * 1_000_000


@asynccontextmanager
async def running(app: App) -> AsyncGenerator[None]:
    """Run the lifespan of an app that has one."""
    said: asyncio.Queue[Any] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    said.put_nowait({"type": "lifespan.startup"})
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.ensure_future(app(scope, said.get, answers.put))
    told = asyncio.ensure_future(answers.get())
    await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        said.put_nowait({"type": "lifespan.shutdown"})
        told.cancel()
        # An app without a lifespan has raised by now, which the protocol lets it do.
        await asyncio.gather(task, told, return_exceptions=True)


async def measure(app: App, cases: dict[str, Case]) -> dict[str, float]:
    """Return the CPU time of each case's request in microseconds."""
    async with running(app):
        for case in cases.values():
            await check(app, case)
        return {name: await timed(app, case) for name, case in cases.items()}


def main(contender: str, routes: int) -> dict[str, float]:
    """Measure one contender."""
    module = importlib.import_module(f"tests.benchmarks.contenders.{contender}")
    logging.getLogger().setLevel(logging.ERROR)
    if routes:
        return asyncio.run(measure(module.make(routes), many_cases(routes)))
    names = [name for name in module.CASES if name != "session"]
    found = asyncio.run(measure(module.make(), {name: CASES[name] for name in names}))
    if "session" in module.CASES:
        found |= asyncio.run(measure(module.session(), {"session": CASES["session"]}))
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
