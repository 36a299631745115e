"""The client's address and scheme, from a proxy that the project trusts."""

from __future__ import annotations

from zenith_server.draft import Draft
from zenith_server.networks import UNIX, IsTrusted, trust
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Scope

FOR = b"x-forwarded-for"
PROTO = b"x-forwarded-proto"
SCHEMES = ("http", "https")


class TrustedProxy(Plugin):
    """Believes X-Forwarded-For and X-Forwarded-Proto where the socket's peer is trusted.

    `Forwarded` (RFC 7239) and X-Forwarded-Host are not read: a proxy that sets the one header
    passes the others on as the client wrote them.
    """

    name = "trusted_proxy"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        networks = draft.settings.security.trusted_proxies
        if not networks:
            draft.idle(self.name, "security.trusted_proxies is empty")
            return
        is_trusted = trust(networks)
        trusts_unix = UNIX in networks

        def start(scope: Scope) -> None:
            peer = scope.get("client")
            # Whoever comes by a Unix socket has no address.
            if is_trusted(peer[0]) if peer and peer[0] else trusts_unix:
                _believe(scope, is_trusted)

        draft.hook(self.name, start=start)


def client_of(chain: list[str], is_trusted: IsTrusted) -> tuple[str | None, int]:
    """Return the client in X-Forwarded-For, and how many entries from the right it is.

    Each proxy adds on the right whom it was called by, so that everything left of the first
    address that is not trusted is the word of a stranger.

    Example:
        >>> client_of(["6.6.6.6", "8.8.8.8", "10.0.0.7"], trust(("10.0.0.0/8",)))
        ('8.8.8.8', 2)
    """
    client, hops = None, 0
    for entry in reversed(chain):
        address = _without_port(entry)
        trusted = is_trusted(address)
        if trusted is None:
            break
        client, hops = address, hops + 1
        if not trusted:
            break
    return client, hops


def _believe(scope: Scope, is_trusted: IsTrusted) -> None:
    given = [pair for pair in scope["headers"] if pair[0] in (FOR, PROTO)]
    if not given:
        return
    client, hops = client_of(_entries(given, FOR), is_trusted)
    if client is not None:
        scope["client"] = (client, 0)
    schemes = _entries(given, PROTO)
    if schemes:
        scheme = schemes[-min(max(hops, 1), len(schemes))].lower()
        if scheme in SCHEMES:
            is_websocket = scope["type"] == "websocket"
            scope["scheme"] = scheme.replace("http", "ws") if is_websocket else scheme


def _entries(headers: Headers, name: bytes) -> list[str]:
    lines = [value.decode("latin-1") for key, value in headers if key == name]
    return [entry.strip() for line in lines for entry in line.split(",")]


def _without_port(entry: str) -> str:
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
