"""What a handler asks for, read from its parameters once, at compile time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, cast

from msgspec import Struct, field

from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.handlers import callables
from zenith_server.handlers.callables import MISSING, Wanted, wanted_by
from zenith_server.handlers.schema import SCALARS, is_body, is_struct, is_text, is_upload, plain
from zenith_server.markers import (
    Body,
    Cookie,
    Dependency,
    Form,
    Header,
    Injected,
    Query,
    Status,
)
from zenith_server.plan import Origin, Provider, Service, name_of

Source = Literal["path", "query", "header", "cookie", "form", "body"]
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE", "QUERY"})
# What stands in for most parameters, if anything does, and says nothing else about them.
_CONSTANTS = frozenset((str, int, float, bool, type(None)))
_SOURCES: dict[type[Any], Source] = {
    Query: "query",
    Header: "header",
    Cookie: "cookie",
    Form: "form",
    Body: "body",
}


class Input(Struct, frozen=True):
    """A value that the client sends: where it is read, as what, and what stands in for it."""

    argument: str
    source: Source
    key: str
    type: Any
    default: Any = MISSING


class Need(Struct, frozen=True):
    """A value that the server supplies: a provider's, a service, or a dependency's result."""

    argument: str
    supply: Provider | Service | Callable[..., Any]


class Given(Struct, frozen=True):
    """A value that the request path has already, in an expression of its code."""

    argument: str
    expression: str


Parameter = Input | Need | Given


class Signature(Struct, frozen=True):
    """A callable with everything that must be there to call it, in the order of its parameters."""

    call: Callable[..., Any]
    origin: Origin
    parameters: tuple[Parameter, ...] = ()
    positional: frozenset[str] = frozenset()
    returns: Any = MISSING
    status: int = 200


class Known(Struct, frozen=True):
    """What parameters may ask for in one place."""

    path: tuple[str, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    services: Mapping[type[Any], Service] = field(default_factory=dict[type[Any], Service])
    method: str = "GET"
    given: Mapping[str, str] = field(default_factory=dict[str, str])


def read(call: Callable[..., Any], known: Known, origin: Origin) -> Signature:
    """Return the signature of a handler, guard, dependency or service.

    Raises:
        ProjectError: a parameter that nothing supplies, or an annotation that cannot be resolved;
            one fault for each.

    Example:
        >>> async def get(id: int, page: int = 1): ...
        >>> [p.source for p in read(get, Known(path=("id",)), Origin("here")).parameters]
        ['path', 'query']
    """
    hints = hints_of(call, origin)
    faults: list[Fault] = []
    parameters: list[Parameter] = []
    positional: set[str] = set()
    for parameter in wanted_by(call):
        try:
            parameters.append(_parameter(parameter, hints, known, origin))
        except ProjectError as error:
            faults.extend(error.faults)
        if parameter.by_place:
            positional.add(parameter.name)
    faults.extend(_two_bodies(call, parameters, origin))
    if faults:
        raise ProjectError(*faults)
    returns, metadata = plain(hints.get("return", MISSING))
    status = next((item.code for item in metadata if isinstance(item, Status)), 200)
    returns = hints.get("return", MISSING) if status == 200 else returns
    return Signature(call, origin, tuple(parameters), frozenset(positional), returns, status)


def _two_bodies(
    call: Callable[..., Any], parameters: list[Parameter], origin: Origin
) -> Iterator[Fault]:
    bodies = [p for p in parameters if isinstance(p, Input) and p.source == "body"]
    names = [p.argument for p in bodies if plain(p.type)[0] is not bytes]
    if len(names) > 1:
        yield Fault(
            f"{name_of(call)} asks for {len(names)} bodies: {', '.join(names)}",
            (str(origin),),
            "A request has one body.",
            ("Make one struct of them.", "Or take all but one from elsewhere, such as Query()."),
        )


def hints_of(call: Callable[..., Any], origin: Origin) -> dict[str, Any]:
    """Return the annotations of a callable.

    Raises:
        ProjectError: one of them cannot be resolved.
    """
    try:
        return callables.hints_of(call)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise ProjectError(
            Fault(
                f"The annotations of {name_of(call)} cannot be resolved: {error}",
                (str(origin),),
                "Injection reads the annotations while the server starts.",
                ("Import the name at run time, not only under TYPE_CHECKING.",),
            )
        ) from error


def _parameter(
    parameter: Wanted, hints: Mapping[str, Any], known: Known, origin: Origin
) -> Parameter:
    name = parameter.name
    if name in known.given:
        return Given(name, known.given[name])
    annotation = hints.get(name, MISSING)
    is_plain = annotation in SCALARS and _is_constant(parameter.default)
    if is_plain and annotation not in known.services:
        # As nearly all are: what follows would come to the same.
        source = "path" if name in known.path else "query"
        return Input(name, source, name, annotation, parameter.default)
    kind, metadata = (MISSING, ()) if annotation is MISSING else plain(annotation)
    marker = _marker((*metadata, parameter.default))
    need = _need(name, kind, marker, known)
    if need is not None:
        return need
    if annotation is MISSING:
        annotation = _inferred(parameter, known)
    default = MISSING if _is_marker(parameter.default) else parameter.default
    source = _source(name, annotation, marker, known)
    if source is None:
        raise ProjectError(_unsupplied(name, annotation, known, origin))
    return Input(name, source, _key(name, source, marker), annotation, default)


def _is_constant(default: Any) -> bool:
    return default is MISSING or default.__class__ in _CONSTANTS


def _inferred(parameter: Wanted, known: Known) -> Any:
    """The type of a parameter without an annotation: that of its default, or text."""
    default = parameter.default
    if parameter.name in known.path or default is None:
        return str
    if default is MISSING or _is_marker(default):
        return MISSING
    return cast("Any", type(default))


def _is_marker(value: Any) -> bool:
    return isinstance(value, (Query, Header, Cookie, Form, Body, Dependency, Injected))


def _marker(candidates: tuple[Any, ...]) -> Any:
    for item in candidates:
        if _is_marker(item):
            return item
        if isinstance(item, type) and item in _SOURCES:
            return item()
    return None


def _need(name: str, kind: Any, marker: Any, known: Known) -> Need | None:
    if isinstance(marker, Dependency):
        return Need(name, _called(name, marker, kind))
    if isinstance(marker, Injected) and marker.key:
        return Need(name, _provider(name, marker.key, known))
    if not isinstance(kind, type) or name in known.path:
        return None
    if kind in known.services:
        return Need(name, known.services[kind])
    for base in kind.__mro__:
        provider = known.providers.get(f"{base.__module__}.{base.__qualname__}")
        if provider is not None and base is not object:
            return Need(name, provider)
    return None


def _provider(name: str, key: str, known: Known) -> Provider:
    provider = known.providers.get(key)
    if provider is None:
        kind, _, wanted = key.partition(":")
        keys = [each for each in known.providers if each.startswith(f"{kind}:")]
        there = sorted({each.split(":")[1] for each in keys})
        database = wanted.partition(":")[0]
        raise ProjectError(
            Fault(
                f'The parameter "{name}" asks for a session of the database "{database}", which '
                f"is not configured.{suggestion(database, there)}",
                why=f"The databases are: {', '.join(there)}.",
                fixes=(f"Set databases.{database}.url in zenith.yaml.",),
            )
        )
    return provider


def _called(name: str, marker: Dependency, kind: Any) -> Callable[..., Any]:
    call = marker.call or kind
    if (kind is MISSING and marker.call is None) or not callable(call):
        raise ProjectError(
            Fault(
                f'Depends() of the parameter "{name}" has nothing to call',
                why="It calls what it is given, or else the parameter's annotation.",
                fixes=("Write Depends(function), or annotate the parameter with a class.",),
            )
        )
    return cast("Callable[..., Any]", call)


def _source(name: str, annotation: Any, marker: Any, known: Known) -> Source | None:
    if type(marker) in _SOURCES:
        return _SOURCES[type(marker)]
    if marker is not None or annotation is MISSING:
        return None
    if name in known.path:
        return "path"
    if isinstance(annotation, type) and is_struct(annotation):
        return "body" if known.method in BODY_METHODS else None
    if is_text(annotation):
        return "query"
    if is_upload(annotation):
        return "form"
    if is_body(annotation) and known.method in BODY_METHODS:
        return "body"
    return None


def _key(name: str, source: Source, marker: Any) -> str:
    given = getattr(marker, "name", "")
    return given or (name.replace("_", "-") if source == "header" else name)


def _unsupplied(name: str, annotation: Any, known: Known, origin: Origin) -> Fault:
    if annotation is MISSING:
        where = ", ".join(known.path) or "none"
        return Fault(
            f'Nothing supplies the parameter "{name}"',
            (str(origin),),
            f"It has no annotation, and the path parameters here are: {where}.",
            (f"Annotate it: {name}: str is read from the query string.",),
        )
    shown = getattr(annotation, "__name__", str(annotation))
    if is_body(annotation):
        return Fault(
            f'"{name}: {shown}" asks {known.method} for a body',
            (str(origin),),
            f"A {known.method} request has none.",
            (
                f"Read its fields from the query string: {name}: Annotated[{shown}, Query()].",
                "Or move the handler to post, put or patch.",
            ),
        )
    return Fault(
        f'Nothing supplies the parameter "{name}: {shown}"',
        (str(origin),),
        f"{shown} is no service, no provided type and no value that a client can send.",
        (
            f"Put the class {shown} into a file of services/.",
            f"Or say how it is made: {name}: {shown} = Depends(function).",
        ),
    )
