"""Which function turns an exception into a response."""

from __future__ import annotations

from typing import Any

import pytest

from zenith_server.dispatch.error_tables import ErrorTables
from zenith_server.handlers.container import Container
from zenith_server.handlers.inject import Injection
from zenith_server.handlers.signature import Known
from zenith_server.plan import ErrorMapping, Origin
from zenith_server.problems import HTTPException, NotFound
from zenith_server.protocol import Message

INJECTION = Injection(Container(Known()), None, 0, refuse_unknown=True)  # type: ignore[arg-type]


def mapping(exception: type[Exception] | str, word: str) -> ErrorMapping:
    def handler(error: Exception) -> str:
        return word

    return ErrorMapping(exception, handler, Origin("here"))


async def answer(
    error: Exception, own: list[ErrorMapping], shared: list[ErrorMapping]
) -> str | None:
    handler = ErrorTables(tuple(shared), INJECTION).of(tuple(own))(error)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def never() -> Any:
        raise AssertionError

    if handler is None:
        return None
    reply = await handler({}, never, send, error)
    assert reply is not None
    await reply({}, never, send)
    return sent[1]["body"].decode().strip('"')


@pytest.mark.parametrize(
    ("error", "word"),
    [(KeyError(), "key"), (IndexError(), "lookup"), (ValueError(), None)],
)
async def test_the_nearest_base_class_wins(error: Exception, word: str | None) -> None:
    shared = [mapping(LookupError, "lookup"), mapping(KeyError, "key")]
    assert await answer(error, [], shared) == word


async def test_the_nearest_folder_wins() -> None:
    own = [mapping(LookupError, "leaf"), mapping(LookupError, "root")]
    assert await answer(KeyError(), own, [mapping(KeyError, "everybody's")]) == "leaf"


async def test_of_everybodys_mappings_the_last_wins() -> None:
    shared = [mapping(LookupError, "house"), mapping(LookupError, "project")]
    assert await answer(LookupError(), [], shared) == "project"


async def test_a_class_can_be_named_without_being_imported() -> None:
    shared = [mapping("zenith_server.problems.NotFound", "by name")]
    assert await answer(NotFound(), [], shared) == "by name"


async def test_a_mapping_of_everything_leaves_a_404_alone() -> None:
    shared = [mapping(HTTPException, "problem"), mapping(Exception, "crash")]
    assert await answer(NotFound(), [mapping(Exception, "mine")], shared) == "problem"
    assert await answer(ValueError(), [mapping(Exception, "mine")], shared) == "mine"
