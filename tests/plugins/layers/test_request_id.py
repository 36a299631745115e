from __future__ import annotations

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX


async def test_each_request_has_an_id_of_its_own(serve: Server) -> None:
    app = await serve(INDEX)
    first, second = await app.get("/"), await app.get("/")
    assert first.header("x-request-id") != second.header("x-request-id")


async def test_a_problem_document_carries_the_id_of_its_answer(serve: Server) -> None:
    answer = await (await serve(INDEX)).get("/nowhere")
    assert answer.json()["request_id"] == answer.header("x-request-id")


async def test_a_client_cannot_choose_the_id(serve: Server) -> None:
    answer = await (await serve(INDEX)).get("/", {"x-request-id": "mine"})
    assert answer.header("x-request-id") != "mine"
