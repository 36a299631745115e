"""What becomes of an exception: the answer that its handler makes of it, or the truth."""

from __future__ import annotations

import logging
from typing import cast

from zenith_server.dispatch.sockets import Socket
from zenith_server.dispatch.tree import Endpoint, ErrorHandlers
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.handlers.later import Handler
from zenith_server.handlers.request import ClientDisconnected
from zenith_server.problems import HTTPException
from zenith_server.protocol import ASGIApp, Receive, Scope, Send
from zenith_server.reply import Reply

log = logging.getLogger("zenith_server")


class Failures:
    """Answers for what goes wrong.

    Args:
        fallback: the handlers of exceptions that belong to no route.
    """

    def __init__(self, fallback: ErrorHandlers) -> None:
        self._fallback = fallback
        self._any = fallback(Exception())

    def handler(self, error: HTTPException) -> Handler | None:
        """Return what answers an exception that no route has raised, if anything does."""
        return self._fallback(error)

    async def refuse(
        self, scope: Scope, receive: Receive, send: Send, error: HTTPException
    ) -> ASGIApp | None:
        """Return the reply to a request that no handler takes."""
        if scope["type"] == "websocket":
            await self.close(error, None, scope, receive)
            return None
        handler = self._fallback(error)
        if handler is None:
            raise error
        try:
            return await handler(scope, receive, send, error)
        except Exception as second:  # noqa: BLE001 - whatever it raises gets an answer
            return await self._again(second, error, handler, scope, receive, send)

    async def answer(
        self,
        error: Exception,
        endpoint: Endpoint | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> Reply | None:
        """Return the reply to an exception; one that is no plain reply has been sent.

        There is none for a client that has gone.

        Raises:
            Exception: the same or another, because nobody answers it or half an answer is out.
        """
        if _has_left(error):
            return None
        handler = self._handlers(endpoint, scope)(error)
        exchange: Exchange | None = scope.get(EXCHANGE)
        if handler is None or (exchange is not None and exchange.status):
            # Half a response is out; only a broken connection tells the client the truth.
            raise error
        try:
            reply = await handler(scope, receive, send, error)
            return reply if isinstance(reply, Reply) else await _sent(reply, scope, receive, send)
        except Exception as second:  # noqa: BLE001 - whatever it raises gets an answer
            return await self._again(second, error, handler, scope, receive, send)

    async def _again(
        self,
        second: Exception,
        first: Exception,
        handler: Handler,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> Reply | None:
        """Return the reply to what the handler of an exception raised.

        The same exception again means: not mine after all, treat it like any other.
        """
        next_one = self._any if second is first else self._fallback(second)
        if next_one is None or next_one is handler:
            raise second
        reply = await next_one(scope, receive, send, second)
        return await _sent(reply, scope, receive, send)

    async def close(
        self, error: Exception, endpoint: Endpoint | None, scope: Scope, receive: Receive
    ) -> None:
        """Say why a WebSocket ends: by a response before the handshake, by a close code after."""
        socket: Socket = scope["zenith.socket"]
        if _is_goodbye(error):
            return
        if socket.can_deny:
            reply = await self.answer(error, endpoint, scope, receive, socket.deny)
            if reply is not None:
                await reply(scope, receive, socket.deny)
        elif isinstance(error, HTTPException):
            await socket.close(1008, error.detail)
        else:
            log.error("The WebSocket at %s failed", scope["path"], exc_info=error)
            await socket.close(1011)

    def _handlers(self, endpoint: Endpoint | None, scope: Scope) -> ErrorHandlers:
        if endpoint is None:
            return self._fallback
        errors = endpoint.errors
        return errors.get(scope.get("method", "WEBSOCKET")) or errors.get("*", self._fallback)


async def _sent(reply: ASGIApp | None, scope: Scope, receive: Receive, send: Send) -> Reply | None:
    if reply is None or isinstance(reply, Reply):
        return reply
    await reply(scope, receive, send)
    return None


def _has_left(error: Exception) -> bool:
    """Whether a handler read the body with Starlette while its client went away."""
    # Without a look at the name each exception would import the module.
    if type(error).__name__ != "ClientDisconnect":
        return False
    from starlette.requests import ClientDisconnect

    return isinstance(error, ClientDisconnect)


def _is_goodbye(error: Exception) -> bool:
    """Whether an exception only says that the client of a WebSocket has gone."""
    from starlette.websockets import WebSocketDisconnect

    if isinstance(error, ExceptionGroup):
        group = cast("ExceptionGroup[Exception]", error)
        return all(map(_is_goodbye, group.exceptions))
    return isinstance(error, WebSocketDisconnect | ClientDisconnected)


def log_late(error: Exception, scope: Scope) -> None:
    """Some servers say nothing about an app that raises, and the answer cannot say it any more."""
    where = f"{scope['method']} {scope['path']}"
    request_id = scope.get("request_id")
    log.error("%s failed half-way, request %s", where, request_id, exc_info=error)
