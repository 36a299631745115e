"""All methods of a URL belong to one endpoint; another ASGI app can take the rest."""

from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.served import ask
from tests.sockets import talk, texts

HELLO = "async def get(): return 'hello'"


# --- methods ---


METHODS = {
    "routes/users/me.py": "def get(): return 'me'",
    "routes/users/[id].py": """
        def get(id: int): return id
        def delete(id: int): return 'deleted'
    """,
}


async def test_delete_of_a_fixed_url_never_reaches_the_handler_of_a_parameter(
    serve: Server,
) -> None:
    answer = await (await serve(METHODS)).request("DELETE", "/users/me")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")


async def test_a_405_names_every_method_of_its_url(serve: Server) -> None:
    answer = await (await serve(METHODS)).request("PUT", "/users/5")
    assert (answer.status, answer.header("allow")) == (405, "DELETE, GET, HEAD, OPTIONS")
    assert answer.json()["detail"] == "/users/{id} does not take PUT"


async def test_head_is_get_without_its_body(serve: Server) -> None:
    app = await serve(METHODS)
    head, get = await app.request("HEAD", "/users/5"), await app.get("/users/5")
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == get.header("content-length") == "1"


async def test_head_of_what_is_missing_has_no_body(serve: Server) -> None:
    answer = await (await serve(METHODS)).request("HEAD", "/nothing")
    assert (answer.status, answer.body) == (404, b"")


async def test_head_of_an_endless_stream_ends(serve: Server) -> None:
    stream = """
        async def get():
            while True:
                yield "more"
    """
    answer = await (await serve({"routes/index.py": stream})).request("HEAD", "/")
    assert (answer.status, answer.body, len(answer.messages)) == (200, b"", 2)


async def test_a_head_handler_of_its_own_is_called_and_sends_no_body(serve: Server) -> None:
    handlers = "def get(): return 'get'\ndef head(): return 'head!'"
    answer = await (await serve({"routes/index.py": handlers})).request("HEAD", "/")
    assert (answer.header("content-length"), answer.body) == ("7", b"")


async def test_options_is_answered_with_the_methods(serve: Server) -> None:
    answer = await (await serve(METHODS)).request("OPTIONS", "/users/5")
    assert (answer.status, answer.header("allow")) == (204, "DELETE, GET, HEAD, OPTIONS")


async def test_an_options_handler_of_its_own_is_called(serve: Server) -> None:
    app = await serve({"routes/index.py": "def options(): return 'mine'"})
    assert (await app.request("OPTIONS", "/")).json() == "mine"


async def test_a_method_that_nobody_knows_is_not_allowed(serve: Server) -> None:
    assert (await (await serve(METHODS)).request("BREW", "/users/5")).status == 405


# --- mounted apps ---


SHOW = """
    import json

    async def app(scope, receive, send):
        body = json.dumps([scope["type"], scope["root_path"], scope["path"]]).encode()
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": body.decode()})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""


@pytest.mark.parametrize(
    ("file", "url", "root"),
    [
        ("routes/docs.py", "/docs", "/docs"),
        ("routes/docs.py", "/docs/", "/docs"),
        ("routes/docs.py", "/docs/a/b", "/docs"),
        ("routes/docs.py", "/docs//a", "/docs"),
        ("routes/[org]/docs.py", "/acme/docs/a", "/acme/docs"),
        ("routes/index.py", "/a", ""),
    ],
)
async def test_an_app_of_a_file_gets_everything_below_its_url(
    serve: Server, file: str, url: str, root: str
) -> None:
    answer = await (await serve({file: SHOW})).request("PURGE", url)
    assert answer.json() == ["http", root, url]


async def test_a_mounted_app_below_a_prefix_sees_both(serve: Server) -> None:
    app = await serve({"routes/docs.py": SHOW})
    answer = await ask(app, "GET", "/api/docs/a", root_path="/api")
    assert answer.json() == ["http", "/api/docs", "/api/docs/a"]


async def test_a_mounted_app_gets_websockets(serve: Server) -> None:
    app = await serve({"routes/docs.py": SHOW})
    assert texts(await talk(app.app, "/docs/live")) == ['["websocket", "/docs", "/docs/live"]']


async def test_a_mounted_app_of_starlette_finds_its_routes(serve: Server) -> None:
    text = """
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        async def item(request):
            return PlainTextResponse(str(request.url_for("item", id=request.path_params["id"])))

        app = Starlette(routes=[Route("/items/{id:int}", item, name="item")])
    """
    app = await serve({"routes/shop.py": text})
    assert (await app.get("/shop/items/7")).body == b"http://testserver/shop/items/7"


async def test_a_file_beside_a_mounted_app_answers_first(serve: Server) -> None:
    app = await serve({"routes/docs.py": SHOW, "routes/docs/about.py": HELLO})
    assert (await app.get("/docs/about")).json() == "hello"


async def test_a_handler_beside_an_app_in_one_file_answers_its_method(serve: Server) -> None:
    app = await serve({"routes/docs.py": SHOW + "\n    async def get(): return 'mine'\n"})
    assert (await app.get("/docs")).json() == "mine"
    assert (await app.post("/docs")).json() == ["http", "/docs", "/docs"]
