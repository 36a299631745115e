"""Answers that a browser treats with care."""

from __future__ import annotations

from zenith_server.draft import Draft
from zenith_server.handlers.stream import JSON
from zenith_server.plan import Inline
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Scope

ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
POLICY = b"content-security-policy"
# Data is never a page: nothing in it may load or run.
FOR_DATA = (*ALWAYS, (POLICY, b"default-src 'none'; frame-ancestors 'none'"))
# What a page loads is for its author to say; these break none.
FOR_PAGES = (
    *ALWAYS,
    (POLICY, b"frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"),
)
# JSON and its length, as nearly every handler answers: there is nothing to look for.
REPLY = """
if len(own) == 2 and own[0] is $JSON:
    headers += $data[scope['scheme']]
else:
    $add(scope, headers)
"""


class SecurityHeaders(Plugin):
    """Adds the headers that OWASP's REST and HTTP header cheat sheets ask for.

    A header that a response sets itself stays as it is.
    """

    name = "security_headers"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        age = int(draft.settings.security.hsts)
        hsts = ((b"strict-transport-security", b"max-age=%d; includeSubDomains" % age),)
        secure = hsts if age > 0 else ()
        data = {"http": FOR_DATA, "https": (*FOR_DATA, *secure)}
        pages = {"http": FOR_PAGES, "https": (*FOR_PAGES, *secure)}
        ours = frozenset(name for name, _ in data["https"])

        def add(scope: Scope, headers: Headers) -> None:
            given = dict(headers)
            kind = pages if given.get(b"content-type", b"").startswith(b"text/html") else data
            added = kind[scope["scheme"]]
            if ours.isdisjoint(given):
                headers.extend(added)
            else:
                headers.extend(pair for pair in added if pair[0] not in given)

        draft.hook(self.name, reply=Inline(REPLY, {"JSON": JSON, "data": data, "add": add}))
