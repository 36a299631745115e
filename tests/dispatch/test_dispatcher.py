"""What becomes of a request between the server and the handler."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server
from tests.served import ask, scope_of
from zenith_server.environment import EnvironmentName
from zenith_server.protocol import Message

HELLO = "async def get(): return 'hello'"


METHODS = {
    "routes/users/me.py": "def get(): return 'me'",
    "routes/users/[id].py": """
        def get(id: int): return id
        def delete(id: int): return 'deleted'
    """,
}


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


async def test_an_unknown_kind_of_connection_is_left_alone(serve: Server) -> None:
    app = await serve({"routes/index.py": HELLO})

    async def never() -> Any:
        raise AssertionError

    await app.app({"type": "telepathy"}, never, never)  # type: ignore[arg-type]


@pytest.mark.parametrize("environment", ["test", "development"])
async def test_a_client_that_leaves_while_its_body_is_read_gets_no_answer_and_is_no_error(
    serve: Server, caplog: pytest.LogCaptureFixture, environment: EnvironmentName
) -> None:
    reading = """
        from starlette.requests import Request

        async def post(request: Request):
            return len(await request.body())
    """
    app = (await serve({"routes/index.py": reading}, environment)).app
    parts = iter([{"type": "http.request", "body": b"x", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope_of("POST", "/", [(b"host", b"localhost")]), receive, send)
    assert sent == []
    assert "failed" not in caplog.text
