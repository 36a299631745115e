from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, SOCKET, connected
from tests.sockets import ending, talk, texts
from zenith_server import body_limit

SMALL = {"zenith.yaml": "requests: {json_limit: 100, form_limit: 1000}\n"}
RAW = {
    **SMALL,
    "routes/index.py": """
        from starlette.requests import Request

        async def post(request: Request):
            return len(await request.body())

        async def get(request: Request):
            return len(await request.body())

        async def put():
            return "not read"
    """,
}


async def test_a_raw_body_within_the_larger_limit_is_read(serve: Server) -> None:
    answer = await (await serve(RAW)).post("/", b"x" * 1000)
    assert (answer.status, answer.json()) == (200, 1000)


async def test_a_body_without_a_length_is_counted_while_it_comes(serve: Server) -> None:
    app = await serve(RAW)
    for method in ("POST", "GET"):
        answer = await app.request(method, "/", (), [b"x" * 400] * 3)
        assert (answer.status, answer.json()["title"]) == (413, "Content Too Large")


async def test_a_length_beyond_the_limit_is_refused_before_the_handler_runs(
    serve: Server,
) -> None:
    answer = await (await serve(RAW)).request("PUT", "/", {"content-length": "1001"})
    assert answer.status == 413
    assert answer.json()["request_id"] == answer.header("x-request-id")


async def test_an_absurd_length_is_too_large_as_well(serve: Server) -> None:
    answer = await (await serve(RAW)).request("PUT", "/", {"content-length": "9" * 5000})
    assert answer.status == 413


async def test_a_length_that_is_no_number_is_left_to_the_server(serve: Server) -> None:
    answer = await (await serve(RAW)).request("PUT", "/", {"content-length": "x"})
    assert answer.status == 200


async def test_a_handler_with_a_body_keeps_its_own_lower_limit(serve: Server) -> None:
    app = await serve({**SMALL, "routes/index.py": "async def post(body: dict): return body\n"})
    assert (await app.post("/", json={"a": "x" * 200})).status == 413


async def test_a_websocket_is_not_concerned(serve: Server) -> None:
    app = await serve({**SOCKET, **SMALL})
    assert (await connected(app))[0]["type"] == "websocket.accept"


async def test_no_other_answer_changes(serve: Server) -> None:
    assert (await (await serve({**INDEX, **SMALL})).get("/")).status == 200


OWN = {
    **SMALL,
    "routes/index.py": """
        from typing import Annotated
        from starlette.requests import Request
        from zenith_server import Form, body_limit

        @body_limit("2 kB")
        async def post(body: dict): return len(body["a"])

        @body_limit(50)
        async def put(request: Request): return len(await request.body())

        async def patch(request: Request): return len(await request.body())

        @body_limit(3000)
        async def delete(request: Request): return len(await request.body())
    """,
    "routes/form.py": """
        from typing import Annotated
        from zenith_server import Form, body_limit

        @body_limit(3000)
        async def post(name: Annotated[str, Form()]): return len(name)
    """,
}


async def test_a_handler_may_have_a_higher_limit_of_its_own(serve: Server) -> None:
    app = await serve(OWN)
    assert (await app.post("/", json={"a": "x" * 1500})).json() == 1500
    assert (await app.post("/", json={"a": "x" * 2500})).status == 413
    assert (await app.request("DELETE", "/", (), [b"x" * 999] * 3)).json() == 2997
    assert (await app.request("DELETE", "/", (), [b"x" * 999] * 4)).status == 413


async def test_a_handler_may_have_a_lower_limit_of_its_own(serve: Server) -> None:
    app = await serve(OWN)
    assert (await app.request("PUT", "/", (), b"x" * 60)).status == 413
    assert (await app.request("PUT", "/", {"content-length": "60"})).status == 413


async def test_the_other_handlers_keep_the_limit(serve: Server) -> None:
    app = await serve(OWN)
    assert (await app.request("PATCH", "/", (), b"x" * 1000)).json() == 1000
    assert (await app.request("PATCH", "/", (), b"x" * 1001)).status == 413
    assert (await app.request("PATCH", "/", {"content-length": "1001"})).status == 413


async def test_a_form_may_have_a_limit_of_its_own(serve: Server) -> None:
    app = await serve(OWN)
    simple = {"content-type": "application/x-www-form-urlencoded"}
    assert (await app.post("/form", b"name=" + b"x" * 2000, simple)).json() == 2000
    assert (await app.post("/form", b"name=" + b"x" * 3000, simple)).status == 413


def test_a_limit_that_is_no_size_is_refused_where_it_stands() -> None:
    with pytest.raises(ValueError, match="much"):
        body_limit("much")


async def test_a_websocket_message_beyond_the_limit_ends_it(serve: Server) -> None:
    echo = """
        from starlette.websockets import WebSocket

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            async for text in socket.iter_text():
                await socket.send_text(text)
    """
    app = await serve({"zenith.yaml": "requests: {websocket_limit: 5}\n", "routes/echo.py": echo})
    messages = await talk(app.app, "/echo", "12345", "123456", "1")
    assert texts(messages) == ["12345"]
    assert ending(messages) == (1009, "A message has at most 5 bytes")
