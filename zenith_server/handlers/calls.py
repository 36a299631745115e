"""How a callable is called on the event loop: awaited, in a thread, or entered and left."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

from anyio import CancelScope
from anyio.to_thread import run_sync


def is_async(call: Callable[..., Any]) -> bool:
    """Whether a call is awaited."""
    return inspect.iscoroutinefunction(_function(call))


def quick(call: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a sync function that waits for nothing, so that it needs no thread.

    Example:
        >>> is_blocking(quick(lambda: 1))
        False
    """
    call.is_quick = True  # type: ignore[attr-defined]
    return call


def is_blocking(call: Callable[..., Any]) -> bool:
    """Whether a call may block, so that it belongs in a thread; making an object does not."""
    function = _function(call)
    is_generator = inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)
    is_quick = hasattr(function, "is_quick")
    return not (inspect.isclass(call) or is_async(call) or is_generator or is_quick)


def _function(call: Callable[..., Any]) -> Any:
    """The function behind a partial or an object that can be called."""
    if isinstance(call, functools.partial):
        inner: Any = call.func  # pyright: ignore[reportUnknownMemberType]
        return _function(inner)
    return call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__


async def in_thread(call: Callable[[], Any]) -> Any:
    """Run a sync function in a thread.

    One that wraps a coroutine function, as decorators do, gives its result.
    """
    result = await run_sync(call)
    return await result if inspect.isawaitable(result) else result


def context_of(call: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what opens a generator function as an async context manager, if it is one."""
    function = _function(call)
    if inspect.isasyncgenfunction(function):
        return asynccontextmanager(call)
    if inspect.isgeneratorfunction(function):
        return _in_threads(contextmanager(call))
    return None


def _in_threads(opener: Callable[..., AbstractContextManager[Any]]) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        manager = opener(*args, **kwargs)
        value = await run_sync(manager.__enter__)
        try:
            yield value
        except BaseException as error:
            if not await _left(manager, error):
                raise
        else:
            await run_sync(manager.__exit__, None, None, None)

    return opened


async def _left(manager: AbstractContextManager[Any], error: BaseException) -> bool:
    """Clean up, even when the request was cancelled; whether the exception was swallowed."""
    with CancelScope(shield=True):
        if await run_sync(manager.__exit__, type(error), error, error.__traceback__):
            return True
    return False
