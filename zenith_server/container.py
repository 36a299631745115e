"""The values that live as long as the app: services made once, each given what it asks for."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeGuard

from zenith_server.errors import Fault, ProjectError
from zenith_server.plan import Provider, Service
from zenith_server.signature import MISSING, Input, Known, Need, Signature, name_of, read


class Container:
    """Makes each app-wide value once, when it is first asked for or when the app starts.

    Args:
        known: what the constructors of services may ask for.

    Example:
        >>> container = Container(Known(services={Clock: Service(Clock, origin)}))
        >>> container.get(Clock) is container.get(Clock)
        True
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self._values: dict[Any, Any] = {}
        self._signatures: dict[type[Any], Signature] = {}
        self._makers: dict[Provider, Callable[[], Any]] = {}

    def get(self, key: Any) -> Any:
        """Return the value of a service class or an app-wide provider."""
        try:
            return self._values[key]
        except KeyError:
            value = self._values[key] = self._make(key)
            return value

    def maker(self, provider: Provider) -> Callable[[], Any]:
        """Return what makes an app-wide value; asked for at compile time, so that it can refuse.

        Raises:
            ProjectError: the value cannot be had with these settings.
        """
        if provider not in self._makers:
            self._makers[provider] = provider.make()
        return self._makers[provider]

    def signature(self, service: Service) -> Signature:
        """Return what a service's constructor asks for; it asks the server only, never a client.

        Raises:
            ProjectError: it asks for something else.
        """
        if service.cls not in self._signatures:
            found = _constructor(service, self.known)
            for need in found.parameters:
                if isinstance(need, Need) and _is_app_wide(need.supply):
                    self.maker(need.supply)
            self._signatures[service.cls] = found
        return self._signatures[service.cls]

    def is_per_request(self, service: Service, above: tuple[type[Any], ...] = ()) -> bool:
        """Whether a service takes something that each request has of its own.

        Raises:
            ProjectError: services ask for each other in a circle.
        """
        if service.cls in above:
            raise ProjectError(_circle((*above, service.cls), service))
        needs = [p.supply for p in self.signature(service).parameters if isinstance(p, Need)]
        return any(
            self.is_per_request(supply, (*above, service.cls))
            if isinstance(supply, Service)
            else isinstance(supply, Provider) and supply.per == "request"
            for supply in needs
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Make every app-wide service; await its `initialize()` first and its `close()` last."""
        services = [s for s in self.known.services.values() if not self.is_per_request(s)]
        started: list[Any] = []
        try:
            for service in services:
                value = self.get(service)
                started.append(value)
                await _call(value, "initialize")
            yield
        finally:
            for value in reversed(started):
                await _call(value, "close")
            # An app that starts again, as in tests, starts with new ones.
            self._values.clear()

    def _make(self, key: Any) -> Any:
        if isinstance(key, Provider):
            return self.maker(key)()
        arguments = {need.argument: self.get(need.supply) for need in self._needs(key)}
        return key.cls(**arguments)

    def _needs(self, service: Service) -> list[Need]:
        return [p for p in self.signature(service).parameters if isinstance(p, Need)]


def _is_app_wide(supply: object) -> TypeGuard[Provider]:
    return isinstance(supply, Provider) and supply.per == "app"


async def _call(value: Any, name: str) -> None:
    method: Callable[[], Any] | None = getattr(value, name, None)
    if callable(method):
        result = method()
        if inspect.isawaitable(result):
            await result


def _constructor(service: Service, known: Known) -> Signature:
    own = Known(providers=known.providers, services=known.services)
    signature = read(service.cls, own, service.origin)
    strangers = [p for p in signature.parameters if isinstance(p, Input) and p.default is MISSING]
    if strangers:
        raise ProjectError(*(_stranger(service, stranger) for stranger in strangers))
    kept = tuple(p for p in signature.parameters if isinstance(p, Need))
    return Signature(service.cls, service.origin, kept)


def _stranger(service: Service, parameter: Input) -> Fault:
    return Fault(
        f'Nothing supplies the parameter "{parameter.argument}" of {name_of(service.cls)}',
        (str(service.origin),),
        "A service is made by the server, so its constructor takes services and provided types.",
        (f'Give "{parameter.argument}" a default.', "Or take Settings and read it from there."),
    )


def _circle(chain: tuple[type[Any], ...], service: Service) -> Fault:
    return Fault(
        " needs ".join(name_of(cls) for cls in chain),
        (str(service.origin),),
        "Each of them would have to be made before itself.",
        ("Move what both need into a third service.",),
    )


def known_types(providers: tuple[Provider, ...]) -> Mapping[str, Provider]:
    """Return providers by everything that a parameter can ask for them with."""
    found = {name: provider for provider in providers for name in provider.types}
    return found | {provider.marker: provider for provider in providers if provider.marker}
