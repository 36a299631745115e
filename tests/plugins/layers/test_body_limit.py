from __future__ import annotations

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, SOCKET, connected

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
