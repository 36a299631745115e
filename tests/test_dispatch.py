"""What becomes of a request between the server and the handler."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Answer, Served, scope_of
from tests.sockets import ending, talk, texts
from zenith_server.protocol import Message

HELLO = "async def get(): return 'hello'"
ECHO = """
    from zenith_server import WebSocket

    async def websocket(ws: WebSocket):
        await ws.accept()
        async for text in ws.iter_text():
            await ws.send_text(text)
"""


async def ask(app: Served, method: str, url: str, **scope: Any) -> Answer:
    """Send a request whose scope differs from the usual one."""
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app.app({**scope_of(method, url, []), **scope}, receive, send)
    return answer


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


# --- paths ---


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("/a%2Fb", "a/b"),
        ("/%61", "a"),
        ("/caf%C3%A9", "café"),
        ("/a+b", "a+b"),
        ("/a%20b", "a b"),
        ("/%252F", "%2F"),
    ],
)
async def test_a_value_is_decoded_once_and_an_encoded_slash_is_part_of_it(
    serve: Server, url: str, value: str
) -> None:
    app = await serve({"routes/[name].py": "def get(name: str): return name"})
    assert (await app.get(url)).json() == value


async def test_an_encoded_letter_of_fixed_text_is_that_letter(serve: Server) -> None:
    app = await serve({"routes/users.py": HELLO})
    assert (await app.get("/%75sers")).json() == "hello"


@pytest.mark.parametrize(
    "url", ["/%2e%2e/etc", "/a/..%2f..%2fetc", "/%2Fetc", "/a%00", "/%FF", "/..\\..\\etc"]
)
async def test_a_catch_all_never_takes_what_leads_out_of_its_folder(
    serve: Server, url: str
) -> None:
    app = await serve({"routes/[...path].py": "def get(path: str): return path"})
    assert (await app.get(url)).status == 400


@pytest.mark.parametrize("url", ["//users", "/users//1", "/Users", "*", "/users/1/", "/a/b/c"])
async def test_what_no_pattern_matches_is_404(serve: Server, url: str) -> None:
    app = await serve({"routes/users/index.py": HELLO, "routes/index.py": HELLO})
    answer = await app.get(url)
    assert (answer.status, answer.header("content-type")) == (404, "application/problem+json")


async def test_a_value_that_does_not_convert_is_404(serve: Server) -> None:
    assert (await (await serve(METHODS)).get("/users/five")).status == 404


async def test_an_app_below_a_prefix_answers_there(serve: Server) -> None:
    app = await serve({"routes/users/[id].py": "def get(id: str): return id"})
    answer = await ask(app, "GET", "/api/users/a%2Fb", root_path="/api")
    assert answer.json() == "a/b"


async def test_an_app_below_a_prefix_answers_at_its_root(serve: Server) -> None:
    app = await serve({"routes/index.py": HELLO})
    assert (await ask(app, "GET", "/api", root_path="/api")).json() == "hello"


async def test_a_prefix_ends_where_a_segment_ends(serve: Server) -> None:
    app = await serve({"routes/[id].py": "def get(id: str): return id"})
    assert (await ask(app, "GET", "/apiary", root_path="/api")).json() == "apiary"


async def test_health_is_below_the_prefix_too(serve: Server) -> None:
    app = await serve({"routes/index.py": HELLO})
    assert (await ask(app, "GET", "/api/health/live", root_path="/api")).status == 200


async def test_a_server_without_raw_path_is_served(serve: Server) -> None:
    app = await serve({"routes/[id].py": "def get(id: str): return id"})
    assert (await ask(app, "GET", "/%C3%BC", raw_path=None)).json() == "ü"


# --- the last slash ---


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
async def test_a_last_slash_leads_to_the_url_without_it(serve: Server, method: str) -> None:
    app = await serve({"routes/users.py": HELLO})
    answer = await app.request(method, "/users/?page=2&q=%20")
    assert (answer.status, answer.header("location")) == (308, "/users?page=2&q=%20")


async def test_a_last_slash_behind_an_encoded_value_keeps_the_encoding(serve: Server) -> None:
    app = await serve({"routes/[a]/[b].py": "def get(a: str, b: str): return a"})
    assert (await app.get("/x/a%2Fb/")).header("location") == "/x/a%2Fb"


@pytest.mark.parametrize(
    "url", ["//evil.example/", "/%2F%2Fevil.example/", "/%5Cevil.example/", "/\\evil.example/"]
)
async def test_a_last_slash_never_leads_to_another_host(serve: Server, url: str) -> None:
    files = {"routes/[name].py": "def get(name: str): ...", "routes/index.py": HELLO}
    answer = await (await serve(files)).get(url)
    assert (answer.status, answer.header("location")) in {(404, None), (400, None)}


async def test_a_catch_all_keeps_its_last_slash(serve: Server) -> None:
    app = await serve({"routes/[...path].py": "def get(path: str): return path"})
    assert (await app.get("/a/b/")).json() == "a/b/"


async def test_health_with_a_last_slash_is_no_redirect_that_a_probe_takes_for_success(
    serve: Server,
) -> None:
    assert (await (await serve({"routes/index.py": HELLO})).get("/health/live/")).status == 404


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


# --- failures ---


async def test_what_fails_after_the_response_began_breaks_the_connection(serve: Server) -> None:
    text = """
        async def get():
            yield "a"
            raise LookupError("late")
    """
    app = await serve({"routes/index.py": text})
    with pytest.raises(LookupError, match="late"):
        await app.get("/")


async def test_a_layer_that_raises_gets_an_answer(serve: Server) -> None:
    text = """
        def middleware(app):
            async def fail(scope, receive, send):
                raise LookupError
            return fail
    """
    app = await serve({"routes/index.py": HELLO, "middleware/1_fail.py": text})
    assert (await app.get("/")).status == 500


async def test_an_error_handler_that_fails_is_told_apart_from_the_error(serve: Server) -> None:
    text = """
        def lookup(error: LookupError):
            raise RuntimeError("the handler itself")
    """
    files = {"routes/_errors.py": text, "routes/index.py": "def get(): raise LookupError"}
    app = await serve(files, environment="development")
    assert (await app.get("/")).json()["detail"] == "RuntimeError: the handler itself"


async def test_a_client_that_goes_away_gets_no_answer(serve: Server) -> None:
    app = await serve({"routes/index.py": "async def post(body: dict): ..."})
    answer = await app.request("POST", "/", body=[b"{"], leaves=True)
    assert answer.messages == []


async def test_facts_of_the_plan_are_rows_for_the_banner(serve: Server) -> None:
    app = await serve({"routes/index.py": HELLO})
    assert ("routes", "1 in 1 file") in app.app.facts()  # type: ignore[attr-defined]


# --- WebSockets ---


async def test_a_websocket_handler_talks(serve: Server) -> None:
    app = await serve({"routes/live.py": ECHO})
    assert texts(await talk(app.app, "/live", "a", "b")) == ["a", "b"]


async def test_a_websocket_handler_takes_path_values_queries_and_services(serve: Server) -> None:
    text = """
        from services.clock import Clock
        from zenith_server import WebSocket

        async def websocket(ws: WebSocket, room: int, clock: Clock, nick: str = "?"):
            await ws.accept()
            await ws.send_text(f"{room} {clock.now} {nick}")
    """
    files = {"routes/[room].py": text, "services/clock.py": "class Clock:\n    now = 'noon'"}
    assert texts(await talk((await serve(files)).app, "/7?nick=ada")) == ["7 noon ada"]


async def test_a_websocket_is_closed_when_its_handler_returns(serve: Server) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
    """
    app = await serve({"routes/live.py": text})
    assert ending(await talk(app.app, "/live")) == (1000, "")


async def test_a_websocket_that_its_handler_closed_is_not_closed_again(serve: Server) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            await ws.close(4000, "enough")
    """
    app = await serve({"routes/live.py": text})
    assert ending(await talk(app.app, "/live")) == (4000, "enough")


async def test_a_client_that_leaves_is_no_error(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            await ws.receive_text()
    """
    app = await serve({"routes/live.py": text})
    assert [m["type"] for m in await talk(app.app, "/live")] == ["websocket.accept"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_client_that_leaves_a_group_of_tasks_is_no_error(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
        import asyncio
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ws.receive_text())
    """
    app = await serve({"routes/live.py": text})
    assert [m["type"] for m in await talk(app.app, "/live")] == ["websocket.accept"]
    assert caplog.records == []


RAISES = """
    from zenith_server import Forbidden, WebSocket
    async def websocket(ws: WebSocket, after: bool, known: bool = True):
        if after:
            await ws.accept()
        raise Forbidden("not you") if known else LookupError("secret")
"""


async def test_a_refusal_before_the_handshake_is_a_problem_document(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    start, body = await talk(app.app, "/live?after=false")
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert b"not you" in body["body"]


async def test_a_refusal_where_the_server_sends_no_responses_is_a_code(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=false", can_deny=False)) == (1008, "")


async def test_a_refusal_after_the_handshake_is_a_code_with_its_reason(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=true")) == (1008, "not you")


async def test_a_failure_after_the_handshake_is_logged_and_says_nothing(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=true&known=false")) == (1011, "")
    assert "The WebSocket at /live failed" in caplog.text


async def test_a_websocket_of_a_wrong_value_is_refused(serve: Server) -> None:
    app = await serve({"routes/[room].py": ECHO.replace("WebSocket):", "WebSocket, room: int):")})
    assert (await talk(app.app, "/kitchen"))[0]["status"] == 404


@pytest.mark.parametrize("url", ["/nothing", "/", "/live/"])
async def test_a_websocket_to_a_url_that_takes_none_is_refused(serve: Server, url: str) -> None:
    app = await serve({"routes/live.py": ECHO, "routes/index.py": HELLO})
    assert (await talk(app.app, url))[0]["status"] == 404
    assert ending(await talk(app.app, url, can_deny=False))[0] == 1008


async def test_get_of_a_url_for_websockets_only_is_not_allowed(serve: Server) -> None:
    assert (await (await serve({"routes/live.py": ECHO})).get("/live")).status == 405


async def test_a_websocket_guard_refuses_before_the_handler(serve: Server) -> None:
    guard = """
        from zenith_server import Header, Unauthorized
        from typing import Annotated
        def before(token: Annotated[str, Header()] = ""):
            if token != "open":
                raise Unauthorized
    """
    app = await serve({"routes/(in)/_middleware.py": guard, "routes/(in)/live.py": ECHO})
    assert (await talk(app.app, "/live", "a"))[0]["status"] == 401
    assert texts(await talk(app.app, "/live", "a", headers=("token", "open"))) == ["a"]


async def test_errors_of_a_folder_answer_for_its_websockets(serve: Server) -> None:
    files = {
        "routes/live.py": RAISES,
        "routes/_errors.py": "def missing(error: LookupError): return 'mapped', 418",
    }
    app = await serve(files)
    start, body = await talk(app.app, "/live?after=false&known=false")
    assert (start["status"], body["body"]) == (418, b'"mapped"')


async def test_a_layer_that_fails_closes_the_websocket(serve: Server) -> None:
    text = """
        def middleware(app):
            async def fail(scope, receive, send):
                if scope["type"] == "websocket":
                    raise LookupError
                await app(scope, receive, send)
            return fail
    """
    app = await serve({"routes/live.py": ECHO, "middleware/1_fail.py": text})
    assert (await talk(app.app, "/live"))[0]["status"] == 500


async def test_an_unknown_kind_of_connection_is_left_alone(serve: Server) -> None:
    app = await serve({"routes/index.py": HELLO})

    async def never() -> Any:
        raise AssertionError

    await app.app({"type": "telepathy"}, never, never)  # type: ignore[arg-type]
