"""Callables are awaited, sent to a thread or entered, by what they are."""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from zenith_server.calls import context_of, in_thread, is_async, is_blocking


class Caller:
    def __call__(self) -> None: ...


class AsyncCaller:
    async def __call__(self) -> None: ...

    async def method(self) -> None: ...


def function() -> None: ...


async def coroutine() -> None: ...


def generator() -> Iterator[int]:
    yield threading.get_ident()


async def async_generator() -> AsyncIterator[int]:
    yield threading.get_ident()


@pytest.mark.parametrize(
    "call", [coroutine, functools.partial(coroutine), AsyncCaller(), AsyncCaller().method]
)
def test_it_is_awaited(call: Callable[..., Any]) -> None:
    assert is_async(call)
    assert not is_blocking(call)


@pytest.mark.parametrize("call", [function, functools.partial(function), Caller(), lambda: 1])
def test_it_may_block(call: Callable[..., Any]) -> None:
    assert is_blocking(call)
    assert not is_async(call)


@pytest.mark.parametrize("call", [Caller, AsyncCaller, generator, async_generator])
def test_it_is_only_called(call: Callable[..., Any]) -> None:
    assert not is_blocking(call)
    assert not is_async(call)


async def test_a_thread_is_another() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_what_a_thread_returns_is_awaited() -> None:
    async def five() -> int:
        return 5

    assert await in_thread(lambda: five()) == 5


@pytest.mark.parametrize("call", [function, coroutine, Caller, Caller()])
def test_it_is_not_entered(call: Callable[..., Any]) -> None:
    assert context_of(call) is None


@pytest.mark.parametrize("call", [generator, async_generator, functools.partial(generator)])
async def test_a_generator_is_entered(call: Callable[..., Any]) -> None:
    opener = context_of(call)
    assert opener is not None
    async with opener() as ident:
        assert (ident == threading.get_ident()) is (call is async_generator)
