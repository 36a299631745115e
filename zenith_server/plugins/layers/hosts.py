"""No answer for a host that is not ours."""

from __future__ import annotations

from collections.abc import Callable

from zenith_server.draft import Draft
from zenith_server.host import host_of
from zenith_server.plan import Inline
from zenith_server.plugin import Plugin
from zenith_server.problems import BadRequest, HTTPException
from zenith_server.protocol import Scope

# How many hosts that were seen to be ours are remembered.
MOST = 1024


class Hosts(Plugin):
    """Refuses a Host header that is malformed (400), or not in `security.allowed_hosts` (421).

    A forged host would else end up in links, redirects and caches.
    """

    name = "hosts"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        allowed = draft.settings.security.allowed_hosts
        is_ours = membership(allowed)

        known: set[bytes | None] = set()

        def look(scope: Scope, authority: bytes | None) -> None:
            if authority is None:
                if allowed or scope["http_version"] != "1.0":
                    raise BadRequest("The Host header is missing")
                return
            host = host_of(authority)
            if host is None:
                raise BadRequest("The Host header is malformed")
            if not is_ours(host):
                raise HTTPException(421, "This server does not answer for that host")
            # Where any host is allowed, clients think of new ones without end.
            if len(known) < MOST:
                known.add(authority)

        start = Inline(
            "if value not in $known: $look(scope, value)", {"known": known, "look": look}
        )
        draft.hook(self.name, start=start, header=b"host", needed=True)


def membership(allowed: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what tells whether a host is allowed; without any allowed, each is.

    Example:
        >>> membership(("*.example.com",))("api.example.com")
        True
    """
    exact = frozenset(host.strip("[]") for host in allowed)
    suffixes = tuple(host[1:] for host in allowed if host.startswith("*."))
    every = not allowed or "*" in allowed
    return lambda host: every or host in exact or host.endswith(suffixes)
