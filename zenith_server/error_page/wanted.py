"""Who is shown a failure, and in which form."""

from __future__ import annotations

from typing import Literal

from zenith_server.host import host_of
from zenith_server.networks import trust
from zenith_server.protocol import Scope

Form = Literal["html", "text", "json"]

_FORMS: dict[str, Form] = {
    "text/html": "html",
    "text/plain": "text",
    "application/json": "json",
    "application/problem+json": "json",
}
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
_is_loopback = trust(("127.0.0.0/8", "::1"))
_is_address = trust(("0.0.0.0/0", "::/0"))


def form(scope: Scope) -> Form:
    """Return the form that a client names with the most weight, of several the first; else JSON.

    Wildcards name nothing: who takes anything gets what programs get (RFC 9110, 12.5.1).
    """
    accept = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    best: Form = "json"
    weight = 0.0
    for entry in accept.decode("latin-1").lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        its = _weight(parameters)
        if media in _FORMS and its > weight:
            best, weight = _FORMS[media], its
    return best


def is_here(scope: Scope) -> bool:
    """Whether a request comes from this machine itself, for all that can be known.

    Its peer is the loopback interface, it says nothing of a proxy (as tunnels to the world do),
    and it asks for this machine by an address or as localhost: a name that somebody lets point
    here would let a page of theirs read the answer.
    """
    headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope["headers"]}
    client: tuple[str, int] | None = scope.get("client")
    if not client or not _is_loopback(client[0]) or any(name in headers for name in _FORWARDED):
        return False
    host = host_of(headers.get(b"host", b"")) or ""
    return host == "localhost" or host.endswith(".localhost") or bool(_is_address(host))


def _weight(parameters: list[str]) -> float:
    given = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 1.0
