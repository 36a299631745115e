"""What every handler may ask for: the request itself, the settings and the secret key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zenith_server.draft import Draft
from zenith_server.plugin import Plugin
from zenith_server.signing import signing_key


class Requests(Plugin):
    """Provides Starlette's request types, the settings and the secret key."""

    name = "requests"

    def setup(self, draft: Draft) -> None:
        """Add the providers."""
        draft.provide(
            "starlette.requests.Request", "starlette.requests.HTTPConnection", make=_request
        )
        draft.provide("starlette.websockets.WebSocket", make=_websocket)
        settings = draft.settings
        draft.provide(
            "zenith_server.settings.value.Settings", make=lambda: lambda: settings, per="app"
        )
        draft.provide(
            "zenith_server.signing.SecretKey", make=lambda: signing_key(settings), per="app"
        )


def _request() -> Callable[..., Any]:
    from starlette.requests import Request

    def request(scope: Any, receive: Any, send: Any, path_params: Any) -> Any:
        scope["path_params"] = path_params
        return Request(scope, receive, send)

    return request


def _websocket() -> Callable[..., Any]:
    from starlette.websockets import WebSocket

    def websocket(scope: Any, receive: Any, send: Any, path_params: Any) -> Any:
        scope["path_params"] = path_params
        return WebSocket(scope, receive, send)

    return websocket
