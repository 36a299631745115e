"""From http to https, where TLS ends at a proxy that we trust."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes

from zenith_server.draft import Draft
from zenith_server.handlers.request import header
from zenith_server.host import host_of
from zenith_server.plugin import Plugin
from zenith_server.problems import BadRequest, Forbidden
from zenith_server.protocol import Scope
from zenith_server.reply import Reply, reply

# Everything that RFC 3986 lets stand in a path or query, and what is encoded already.
SAFE = "/%?:@!$&'()*+,;=-._~"


class HttpsRedirect(Plugin):
    """Answers a request by http with 308, which keeps its method and body (RFC 9110, 15.4.9)."""

    name = "https_redirect"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        draft.hook(self.name, start=start)


def start(scope: Scope) -> Reply | None:
    """Return the redirect of a request that did not come by TLS."""
    if scope["scheme"] == "http":
        return reply(308, [(b"location", location(scope))])
    if scope["scheme"] == "ws":
        raise Forbidden("Use wss: browsers do not follow redirects of WebSockets")
    return None


def location(scope: Scope) -> bytes:
    """Return the URL by https, on the port that belongs to it.

    Raises:
        BadRequest: there is no Host header to build it with, or a malformed one.

    Example:
        >>> location({"headers": [(b"host", b"a.org:80")], "path": "/x", "query_string": b"y=1"})
        b'https://a.org/x?y=1'
    """
    host = host_of(header(scope, b"host") or b"")
    if host is None:
        raise BadRequest("The Host header is missing or malformed")
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"], SAFE) if raw is None else quote_from_bytes(raw, SAFE)
    query = quote_from_bytes(scope["query_string"], SAFE)
    authority = f"[{host}]" if ":" in host else host
    return f"https://{authority}{path}{'?' if query else ''}{query}".encode()
