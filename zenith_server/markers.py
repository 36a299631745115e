"""What a handler writes beside a parameter to say where its value comes from.

Example:
    async def get(token: Annotated[str, Header("x-token")], user: User = Depends(current_user)): …
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from zenith_server.database.session import Session

T = TypeVar("T")


class Query(Struct, frozen=True):
    """The value comes from the query string, under another name if one is given."""

    name: str = ""


class Header(Struct, frozen=True):
    """The value comes from a header; by default the parameter's name with dashes."""

    name: str = ""


class Cookie(Struct, frozen=True):
    """The value comes from a cookie, under another name if one is given."""

    name: str = ""


class Form(Struct, frozen=True):
    """The value comes from a form field; for a struct, from all of them."""

    name: str = ""


class Body(Struct, frozen=True):
    """The value is the JSON body, whatever its type."""


class Security(Struct, frozen=True):
    """The value says who the client is, and the description of the API says so.

    It stands beside `Header`, `Cookie` or `Query`; for the header `Authorization` it is only needed
    where the scheme is another than `Bearer`.

    Args:
        scheme: the word before the credentials (RFC 9110, 11.4), such as `Basic`; empty where the
            whole value is a key.

    Example:
        >>> async def key(given: Annotated[str, Header("x-api-key"), Security()]) -> str: ...
    """

    scheme: str = ""


class Dependency(Struct, frozen=True):
    """What `Depends` leaves at a parameter: the callable, or the annotation's if there is none."""

    call: Callable[..., Any] | None


class Injected(Struct, frozen=True):
    """What `Inject` and `DB` leave at a parameter: a provider's key, or nothing for a service."""

    key: str = ""


class Status(Struct, frozen=True):
    """The status of a response, beside its type: `-> Annotated[ArticleOut, Status(202)]`."""

    code: int


Created = Annotated[T, Status(201)]
"""The return annotation of a handler that makes something: `-> Created[ArticleOut]`."""

Accepted = Annotated[T, Status(202)]
"""The return annotation of a handler that only takes an order."""


def Depends(call: Callable[..., Any] | None = None) -> Any:  # noqa: N802 - the field's own name
    """Take the result of a callable, resolved once a request, its own parameters injected.

    A generator is a dependency with a cleanup: what stands after `yield` runs when the handler
    has returned and before the response starts, so a cleanup that fails becomes an error response.

    Args:
        call: a function, generator or class; left out, the parameter's annotation is called.

    Example:
        >>> async def page(number: int = 1) -> int: ...
        >>> async def get(page: int = Depends(page)): ...
    """
    return Dependency(call)


def Inject() -> Any:  # noqa: N802 - the field's own name
    """Take the service of the annotated type.

    Example:
        >>> class Clock: ...
        >>> async def get(clock: Clock = Inject()): ...
    """
    return Injected()


class SessionMarker(Injected, frozen=True):
    """What `DB` leaves at a parameter: which database's session, and how its transactions are."""

    key: str = "session:default:"

    def __getitem__(self, name: str) -> SessionMarker:
        """Return the marker of another database."""
        return SessionMarker(f"session:{name}:")

    @property
    def readonly(self) -> SessionMarker:
        """The marker of a session that only reads."""
        return SessionMarker(f"{self.key}readonly")

    def isolation(self, level: Isolation) -> SessionMarker:
        """Return the marker of a session whose transactions are this strict."""
        return SessionMarker(f"{self.key}{level}")


Isolation = Literal["read committed", "repeatable read", "serializable"]

if TYPE_CHECKING:

    class _DB(Session):
        @property
        def readonly(self) -> Session: ...
        def __getitem__(self, name: str) -> _DB: ...
        def isolation(self, level: Isolation) -> Session: ...

    DB: _DB
else:
    DB = SessionMarker()
"""The request's database session: `async def get(session = DB)`.

`DB["analytics"]` is that of a further database, `DB.readonly` one that only reads, without
transactions where that saves round trips, `DB.isolation("serializable")` one whose transactions are
that strict.
"""
