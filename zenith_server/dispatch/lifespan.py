"""What is open while the app runs."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from zenith_server.plan import Lifespan
from zenith_server.protocol import Receive, Send

log = logging.getLogger("zenith_server")


async def run(lifespans: tuple[Lifespan, ...], receive: Receive, send: Send) -> None:
    """Open everything in plan order, and close it in reverse (ASGI lifespan).

    A part that does not open ends the start, and what is open by then is closed. A part that does
    not close keeps no other from closing.
    """
    await receive()
    failures: list[str] = []
    async with AsyncExitStack() as stack:
        for lifespan in lifespans:
            try:
                await _open(lifespan, stack, failures)
            except Exception as error:
                await stack.aclose()
                log.error("%s did not start", lifespan.name, exc_info=error)
                message = f"{lifespan.name} did not start: {error}"
                failed = {"type": "lifespan.startup.failed", "message": message}
                await send({**failed, "zenith.error": error})
                return
        await send({"type": "lifespan.startup.complete"})
        await receive()
    if failures:
        await send({"type": "lifespan.shutdown.failed", "message": "; ".join(failures)})
    else:
        await send({"type": "lifespan.shutdown.complete"})


async def _open(lifespan: Lifespan, stack: AsyncExitStack, failures: list[str]) -> None:
    context = lifespan.open()
    await context.__aenter__()
    # Each on its own, because a stack would throw the failure of one into all the others.
    stack.push_async_callback(_close, lifespan.name, context, failures)


async def _close(name: str, context: AbstractAsyncContextManager[Any], failures: list[str]) -> None:
    try:
        await context.__aexit__(None, None, None)
    except Exception as error:
        log.exception("%s did not close", name)
        failures.append(f"{name} did not close: {error}")
