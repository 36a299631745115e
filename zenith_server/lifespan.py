"""What is open while the app runs."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from zenith_server.plan import Lifespan
from zenith_server.protocol import Receive, Send

log = logging.getLogger("zenith_server")


async def run(lifespans: tuple[Lifespan, ...], receive: Receive, send: Send) -> None:
    """Open everything in plan order, and close it in reverse (ASGI lifespan)."""
    await receive()
    async with AsyncExitStack() as stack:
        for lifespan in lifespans:
            try:
                await stack.enter_async_context(lifespan.open())
            except Exception as error:
                await stack.aclose()
                log.error("%s did not start", lifespan.name, exc_info=error)
                message = f"{lifespan.name} did not start: {error}"
                await send({"type": "lifespan.startup.failed", "message": message})
                return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await stack.aclose()
        except Exception as error:
            log.exception("Something did not close")
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            return
    await send({"type": "lifespan.shutdown.complete"})
