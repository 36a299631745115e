"""What settings may not be together, or not in this environment."""

from __future__ import annotations

from collections.abc import Iterator

from zenith_server.errors import Fault
from zenith_server.settings.value import Settings

SHORTEST_KEY = 32
FEWEST_LETTERS = 8
NEW_KEY = '`python -c "import secrets; print(secrets.token_urlsafe(48))"`'

_PLACEHOLDERS = ("changeme", "changethis", "replaceme", "replacethis", "placeholder", "insecure")
_PLACEHOLDERS_TOO = ("yoursecret", "mysecret", "supersecret", "secretkey", "example", "default")


def faults_of(settings: Settings) -> Iterator[Fault]:
    """Yield what stops the project: values that are valid, each by itself, and dangerous here."""
    if "*" in settings.cors.origins and settings.cors.credentials:
        yield _any_origin_with_cookies(settings)
    if settings.server.http3:
        yield from _not_for_http3(settings)
    for name, version in settings.by_version.items():
        if version.deprecated and version.sunset and version.sunset < version.deprecated:
            yield _gone_before(settings, name)
    key = settings.security.secret_key
    if settings.environment.name == "production" and key and _is_weak(key):
        yield _weak_key(settings)


def warnings_of(settings: Settings) -> Iterator[Fault]:
    """Yield what is unwise but does not stop the project."""
    if settings.environment.name == "production" and not settings.security.allowed_hosts:
        yield _any_host()


def _is_weak(key: str) -> bool:
    letters = "".join(letter for letter in key.lower() if letter.isalnum())
    named = any(word in letters for word in (*_PLACEHOLDERS, *_PLACEHOLDERS_TOO))
    return named or len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_LETTERS


def _any_origin_with_cookies(settings: Settings) -> Fault:
    return Fault(
        'cors.origins is "*" while cors.credentials is true',
        tuple(dict.fromkeys(map(settings.origin, ("cors.origins", "cors.credentials")))),
        "Every page on the web could then act here in the name of whoever is logged in.",
        ("List the origins that may send cookies.", "Or set cors.credentials to false."),
    )


def _not_for_http3(settings: Settings) -> Iterator[Fault]:
    asked = settings.origin("server.http3")
    if not settings.server.certfile:
        yield Fault(
            "HTTP/3 needs a certificate",
            (asked,),
            "It is always encrypted (RFC 9114, 3.1).",
            (
                "Set server.certfile and server.keyfile (--certfile, --keyfile).",
                "For development: zenith-server dev --https --http3 makes a certificate.",
            ),
        )
    if settings.server.engine == "granian":
        yield Fault(
            "Granian does not serve HTTP/3",
            tuple(dict.fromkeys((asked, settings.origin("server.engine")))),
            "It speaks HTTP/1.1 and 2.",
            ("Leave server.engine out, or set it to hypercorn.", "Or leave server.http3 out."),
        )


def _gone_before(settings: Settings, name: str) -> Fault:
    version = settings.by_version[name]
    keys = (f"versions.{name}.deprecated", f"versions.{name}.sunset")
    return Fault(
        f"{name} ends on {version.sunset}, before it is deprecated on {version.deprecated}",
        tuple(settings.origin(key) for key in keys),
        "Clients are told to leave before a version ends (RFC 9745, 4).",
        ("Let deprecated be the earlier day.",),
    )


def _weak_key(settings: Settings) -> Fault:
    return Fault(
        "security.secret_key is too weak for production",
        (settings.origin("security.secret_key"),),
        f"A key that can be guessed lets anybody sign in as anybody: it has at least "
        f"{SHORTEST_KEY} random characters and is no placeholder.",
        (f"Make one with {NEW_KEY} and set it as SECRET_KEY.",),
    )


def _any_host() -> Fault:
    return Fault(
        "Requests for any host name are answered",
        ("setting security.allowed_hosts",),
        "A forged Host header can end up in links and caches.",
        ("Set ALLOWED_HOSTS to the names of this server, such as example.com,www.example.com.",),
    )
