"""What any callable says of itself: its parameters and annotations.

Nearly all handlers are plain functions with plain annotations. Theirs are read from the function
itself; `inspect` and `typing`, which know all others, take ten times as long for the same answer.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import typing
from collections.abc import Callable, Iterator
from types import FunctionType, GenericAlias, UnionType
from typing import Annotated, Any

from msgspec import Struct

from zenith_server.handlers.schema import is_struct

MISSING: Any = inspect.Parameter.empty
_VARIABLE = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
_ELSEWHERE = frozenset(("__wrapped__", "__signature__"))
_ANNOTATED = type(Annotated[int, ...])
_BUILTINS = vars(builtins)


class Wanted(Struct, frozen=True):
    """One parameter of a callable.

    Args:
        name: what it is called.
        default: what stands in for it.
        by_place: whether it is given by its place, which is cheaper than by name.
    """

    name: str
    default: Any
    by_place: bool


def wanted_by(call: Callable[..., Any]) -> list[Wanted]:
    """Return the parameters of a callable, those with `*` apart.

    Example:
        >>> def get(page: int = 1, *, order): ...
        >>> [(each.name, each.by_place) for each in wanted_by(get)]
        [('page', True), ('order', False)]
    """
    if _is_plain(call):
        return list(_of_function(call))
    if inspect.isclass(call) and call.__init__ is object.__init__ and not is_struct(call):
        return []
    by_place = _by_place(call)
    return [
        Wanted(each.name, each.default, each.kind in by_place)
        for each in inspect.signature(call).parameters.values()
        if each.kind not in _VARIABLE
    ]


def hints_of(call: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a callable, those that are text resolved.

    Raises:
        NameError: one of them cannot be resolved; also AttributeError, TypeError or SyntaxError.

    Example:
        >>> def get(page: "int") -> None: ...
        >>> hints_of(get)
        {'page': <class 'int'>, 'return': <class 'NoneType'>}
    """
    found = _hints_of_function(call) if _is_plain(call) else None
    return typing.get_type_hints(_annotated(call), include_extras=True) if found is None else found


def _is_plain(call: Callable[..., Any]) -> typing.TypeGuard[FunctionType]:
    """Whether a callable is a function that no decorator made look like another one."""
    return call.__class__ is FunctionType and _ELSEWHERE.isdisjoint(call.__dict__)


def _of_function(call: FunctionType) -> Iterator[Wanted]:
    code = call.__code__
    names, number = code.co_varnames, code.co_argcount
    defaults = call.__defaults__ or ()
    first = number - len(defaults)
    for index in range(number):
        yield Wanted(names[index], MISSING if index < first else defaults[index - first], True)
    by_name = call.__kwdefaults__ or {}
    for name in names[number : number + code.co_kwonlyargcount]:
        yield Wanted(name, by_name.get(name, MISSING), False)


def _hints_of_function(call: FunctionType) -> dict[str, Any] | None:
    """The annotations of a function where all are plain, and nothing otherwise."""
    found: dict[str, Any] = {}
    if getattr(call, "__type_params__", ()):
        return None
    known = call.__globals__
    for name, annotation in call.__annotations__.items():
        hint = annotation
        if hint.__class__ is str:
            hint = known.get(hint, _BUILTINS.get(hint, hint))
        if hint is None:
            hint = type(None)
        if not _is_resolved(hint):
            return None
        found[name] = hint
    return found


def _is_resolved(hint: Any) -> bool:
    """Whether a hint holds nothing that `typing` would replace."""
    if isinstance(hint, type):
        return hint.__module__ != "typing"
    kind = hint.__class__
    if kind is GenericAlias or kind is UnionType:
        return all(map(_is_resolved, hint.__args__))
    return kind is _ANNOTATED and _is_resolved(hint.__origin__)


def _by_place(call: Callable[..., Any]) -> tuple[Any, ...]:
    """The kinds of parameters that are given by their place.

    What only looks like a function of these parameters, as decorators make it, may read names.
    """
    is_itself = inspect.isfunction(call) and not hasattr(call, "__wrapped__")
    only = inspect.Parameter.POSITIONAL_ONLY
    return (only, inspect.Parameter.POSITIONAL_OR_KEYWORD) if is_itself else (only,)


def _annotated(call: Callable[..., Any]) -> Any:
    """What carries the annotations of a callable's parameters."""
    if isinstance(call, functools.partial):
        return _annotated(call.func)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if inspect.isclass(call):
        has_own = inspect.isfunction(call.__init__) and not is_struct(call)
        return call.__init__ if has_own else call
    return call if inspect.isroutine(call) else type(call).__call__
