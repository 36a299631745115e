"""The values that live as long as the app: services made once, each given what it asks for."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeGuard

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.signature import MISSING, Input, Known, Need, Signature, name_of, read
from zenith_server.plan import Provider, Service
from zenith_server.service import Service as Marked


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
        found = self._constructor(service)
        for need in found.parameters:
            if isinstance(need, Need) and _is_app_wide(need.supply):
                self.maker(need.supply)
        return found

    def is_per_request(self, service: Service, above: tuple[type[Any], ...] = ()) -> bool:
        """Whether a service takes something that each request has of its own.

        Raises:
            ProjectError: services ask for each other in a circle, or one for something else.
        """
        if service.cls in above:
            raise ProjectError(self._circle(above[above.index(service.cls) :]))
        # Each is looked at, though one would be enough to know: a circle may lie behind the last.
        answers = [
            self.is_per_request(need.supply, (*above, service.cls))
            if isinstance(need.supply, Service)
            else not isinstance(need.supply, Provider) or need.supply.per == "request"
            for need in self._needs(service)
        ]
        return any(answers)

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the services.

        A class that asks for something else is left alone until somebody asks for it: it may be a
        value that only lies beside the services.
        """
        found: list[Fault] = []
        for service in self.known.services.values():
            try:
                if self._can_be_made(service):
                    self.is_per_request(service)
            except ProjectError as error:
                found.extend(error.faults)
        return tuple(dict.fromkeys(found))

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Make every app-wide service, those first that others take, and await its `initialize()`.

        At the end `close()` is awaited in reverse. An app that starts again, as in tests, starts
        with new ones.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self._values.clear)
            for service in self._app_wide():
                value = self.get(service)
                await _call(value, "initialize")
                stack.push_async_callback(_call, value, "close")
            yield

    def _app_wide(self) -> tuple[Service, ...]:
        ordered: dict[type[Any], Service] = {}

        def add(service: Service) -> None:
            for need in self._needs(service):
                if isinstance(need.supply, Service):
                    add(need.supply)
            ordered.setdefault(service.cls, service)

        for service in self.known.services.values():
            if self._can_be_made(service) and not self.is_per_request(service):
                add(service)
        return tuple(ordered.values())

    def _constructor(self, service: Service) -> Signature:
        if service.cls not in self._signatures:
            self._signatures[service.cls] = _constructor(service, self.known)
        return self._signatures[service.cls]

    def _can_be_made(self, service: Service) -> bool:
        try:
            self._constructor(service)
        except ProjectError:
            if issubclass(service.cls, Marked):
                raise
            return False
        return True

    def _make(self, key: Any) -> Any:
        if isinstance(key, Provider):
            return self.maker(key)()
        arguments = {need.argument: self.get(need.supply) for need in self._needs(key)}
        return key.cls(**arguments)

    def _needs(self, service: Service) -> list[Need]:
        return [p for p in self.signature(service).parameters if isinstance(p, Need)]

    def _circle(self, chain: tuple[type[Any], ...]) -> Fault:
        # Told from the same class, whichever of them was looked at first.
        start = chain.index(min(chain, key=name_of))
        turned = (*chain[start:], *chain[:start])
        return Fault(
            " needs ".join(name_of(cls) for cls in (*turned, turned[0])),
            tuple(str(self.known.services[cls].origin) for cls in turned),
            "Each of them would have to be made before itself.",
            ("Move what both need into a third service.",),
        )


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
        (
            f'Give "{parameter.argument}" a default.',
            "Or take Settings and read it from there.",
            f"If {name_of(service.cls)} is a value and no service, move it out of services/.",
        ),
    )


def known_types(providers: tuple[Provider, ...]) -> Mapping[str, Provider]:
    """Return providers by everything that a parameter can ask for them with."""
    found = {name: provider for provider in providers for name in provider.types}
    return found | {provider.marker: provider for provider in providers if provider.marker}
