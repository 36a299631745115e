"""Which pages of other origins may read our answers (Fetch, 3.2: https://fetch.spec.whatwg.org)."""

from __future__ import annotations

from collections.abc import Callable

from zenith_server.draft import Draft
from zenith_server.errors import Fault
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope
from zenith_server.reply import Reply, reply
from zenith_server.settings.sections import Cors as Settings

ALLOW_ORIGIN = b"access-control-allow-origin"


class Cors(Plugin):
    """Answers preflights, and names the origins of `cors.origins` in every answer, errors too.

    An origin that is not allowed gets the ordinary answer without those headers: its browser then
    keeps the answer from the page.
    """

    name = "cors"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        settings = draft.settings.cors
        if not settings.origins:
            draft.idle(self.name, "cors.origins is empty")
            return
        if settings.credentials and "*" in (*settings.headers, *settings.methods):
            draft.faults.append(_star_with_credentials())
        if "*" in settings.origins:
            draft.hook(self.name, reply=_any_origin(settings))
            draft.hook(self.name, start=_preflight(settings), header=b"origin")
            return
        draft.hook(
            self.name,
            # Also where no origin was sent: a cache must not hand that answer to a page later.
            headers=[(b"vary", b"Origin")],
            start=_preflight(settings),
            header=b"origin",
            reply=_listed(settings),
        )


def _preflight(settings: Settings) -> Callable[[Scope, bytes], Reply | None]:
    """Answer the question that a browser asks before a request that no form could send."""
    origins = _encoded(settings.origins)
    any_origin = b"*" in origins
    allowed = [
        (b"access-control-allow-methods", _joined(settings.methods)),
        (b"access-control-allow-headers", _joined(settings.headers)),
        (b"access-control-max-age", b"%d" % settings.max_age),
    ]

    def start(scope: Scope, origin: bytes) -> Reply | None:
        if not any_origin and origin not in origins:
            return None
        scope["zenith.origin"] = origin
        is_preflight = scope.get("method") == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        )
        return reply(204, allowed) if is_preflight else None

    return start


def _any_origin(settings: Settings) -> Callable[[Scope, Message, Headers], None]:
    added = [(ALLOW_ORIGIN, b"*"), *_exposed(settings)]

    def add(_scope: Scope, _message: Message, headers: Headers) -> None:
        if not _has_own(headers):
            headers.extend(added)

    return add


def _listed(settings: Settings) -> Callable[[Scope, Message, Headers], None]:
    credentials = [(b"access-control-allow-credentials", b"true")] if settings.credentials else []
    added = [*credentials, *_exposed(settings)]

    def add(scope: Scope, _message: Message, headers: Headers) -> None:
        origin = scope.get("zenith.origin")
        if origin is not None and not _has_own(headers):
            headers.append((ALLOW_ORIGIN, origin))
            headers.extend(added)

    return add


def _has_own(headers: Headers) -> bool:
    return any(name == ALLOW_ORIGIN for name, _ in headers)


def _exposed(settings: Settings) -> Headers:
    if not settings.expose:
        return []
    return [(b"access-control-expose-headers", _joined(settings.expose))]


def _encoded(values: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(value.encode() for value in values)


def _joined(values: tuple[str, ...]) -> bytes:
    return ", ".join(values).encode()


def _star_with_credentials() -> Fault:
    return Fault(
        'cors.headers or cors.methods is "*" while cors.credentials is true',
        ("setting cors.credentials",),
        'With credentials a browser takes "*" for a name, and refuses everything else.',
        ("List the headers and methods.", "Or set cors.credentials to false."),
    )
