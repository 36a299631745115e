"""No WebSocket for pages of other sites."""

from __future__ import annotations

from zenith_server.draft import Draft
from zenith_server.handlers.request import header
from zenith_server.host import host_of
from zenith_server.plugin import Plugin
from zenith_server.problems import Forbidden
from zenith_server.protocol import Scope


class WebsocketOrigin(Plugin):
    """Refuses a handshake whose Origin is neither this host nor in `cors.origins`.

    Browsers let every page open a WebSocket to every server, cookies included, and ask nobody
    (RFC 6455, 10.2). So the origin "*", which never goes with cookies, opens none. The port may
    differ: cookies do not tell ports apart either, and in development the pages come from another
    one. Programs send no Origin and are let in.
    """

    name = "websocket_origin"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        allowed = frozenset(origin.encode() for origin in draft.settings.cors.origins)

        def start(scope: Scope, origin: bytes) -> None:
            if origin not in allowed and not _is_ours(origin, scope):
                raise Forbidden("Pages of that origin may not open a WebSocket here")

        draft.hook(self.name, start=start, header=b"origin", only="websocket")


def _is_ours(origin: bytes, scope: Scope) -> bool:
    host = host_of(header(scope, b"host") or b"")
    return host is not None and host == host_of(origin.partition(b"://")[2])
