"""A client is told what it can mend; what is ours stays in the log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Answer, ask

HEAD = """
from typing import Annotated
from zenith_server import *
"""


async def answered(serve: Server, text: str, url: str = "/", **more: Any) -> Answer:
    return await (await serve({"routes/index.py": HEAD + text}, **more)).get(url)


async def test_an_http_exception_is_a_problem_document(serve: Server) -> None:
    answer = await answered(serve, "async def get(): raise NotFound('No such article')")
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such article",
        "request_id": answer.header("x-request-id"),
    }


async def test_headers_and_extensions_of_an_http_exception_are_sent(serve: Server) -> None:
    text = "async def get(): raise HTTPException(429, 'Slowly', {'Retry-After': '5'}, limit=3)"
    answer = await answered(serve, text)
    assert (answer.header("retry-after"), answer.json()["limit"]) == ("5", 3)


async def test_an_extension_may_be_any_object(serve: Server) -> None:
    answer = await answered(serve, "async def get(): raise Conflict(path=Exception('x'))")
    assert answer.json()["path"] == "x"


async def test_starlettes_exception_is_a_problem_document_too(serve: Server) -> None:
    text = """
from starlette.exceptions import HTTPException as Starlettes
async def get(): raise Starlettes(418, "teapot", {"x-a": "1"})
"""
    answer = await answered(serve, text)
    assert (answer.status, answer.json()["detail"], answer.header("x-a")) == (418, "teapot", "1")


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "status"),
    [
        ("GET", "/nowhere", {}, b"", 404),
        ("DELETE", "/", {}, b"", 405),
        ("POST", "/", {"content-type": "text/plain"}, b"{}", 415),
        ("POST", "/", {"content-type": "application/json"}, b"[" + b"1," * 2**20 + b"1]", 413),
        ("POST", "/", {"content-type": "application/json"}, b"[]", 422),
        ("POST", "/", {"content-type": "application/json"}, b"{", 400),
    ],
)
async def test_every_refusal_is_a_problem_document(
    serve: Server, method: str, url: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    text = "async def get(): ...\nasync def post(it: dict[str, int]): ..."
    app = await serve({"routes/index.py": HEAD + text})
    answer = await app.request(method, url, headers, body)
    assert (answer.status, answer.json()["status"]) == (status, status)
    assert answer.json()["request_id"] == answer.header("x-request-id")


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
async def test_what_is_not_expected_says_nothing_but_is_logged(
    serve: Server, caplog: pytest.LogCaptureFixture, environment: Any
) -> None:
    text = "async def get(): raise LookupError('the password is hidden')"
    answer = await answered(serve, text, environment=environment)
    assert (answer.status, answer.json()["detail"]) == (
        500,
        "The server failed to answer; the log has the reason under this request id",
    )
    assert answer.json().keys() == {"type", "title", "status", "detail", "request_id"}
    assert "LookupError: the password is hidden" in caplog.text
    assert answer.json()["request_id"] in caplog.text


async def test_an_unexpected_error_is_logged_once(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    await answered(serve, "async def get(): raise LookupError('it')")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_in_development_the_lines_of_the_project_are_told_without_values(
    serve: Server,
) -> None:
    text = """
def _deep(password):
    raise LookupError("it")

async def get(): _deep("hidden")
"""
    answer = await answered(serve, text, environment="development")
    assert answer.json()["detail"] == "LookupError: it"
    assert answer.json()["traceback"] == [
        'routes/index.py:5 in _deep: raise LookupError("it")',
        'routes/index.py:7 in get: async def get(): _deep("hidden")',
    ]


async def test_in_development_an_error_outside_of_the_project_is_told_too(serve: Server) -> None:
    text = "async def get() -> int: return 'a'"
    answer = await answered(serve, text, environment="development")
    assert answer.status == 500
    assert answer.json()["traceback"][-1].endswith("await handler(scope, receive, send, values)")


FAILS = "async def get(it: int = 0, token: str = ''): return 1 / it"
BROWSER = [("accept", "text/html,*/*;q=0.8"), ("authorization", "Bearer s3cret-s3cret")]


async def asked(serve: Server, url: str = "/", *, text: str = FAILS, **scope: Any) -> Answer:
    headers = scope.pop("headers", BROWSER)
    app = await serve({"routes/index.py": HEAD + text}, environment="development")
    sent = [(b"host", b"localhost:8000"), *((k.encode(), v.encode()) for k, v in headers)]
    return await ask(app, "GET", url, headers=sent, **scope)


async def test_in_development_a_browser_is_shown_the_lines(serve: Server) -> None:
    answer = await asked(serve, "/?it=0&token=abcdef")
    page = answer.body.decode()
    assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")
    assert "default-src 'none'; style-src 'sha256-" in str(answer.header("content-security-policy"))
    for part in (
        "ZeroDivisionError",
        'class="failing"',
        "routes/<b>index.py</b>:3",
        "?it=0&amp;token",
    ):
        assert part in page
    assert str(answer.header("x-request-id")) in page
    assert "s3cret" not in page
    assert "abcdef" not in page


async def test_in_development_the_lines_may_be_asked_for_as_text(serve: Server) -> None:
    answer = await asked(serve, headers=[("accept", "text/plain")])
    lines = answer.body.decode().splitlines()
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert lines[0] == "GET / failed"
    assert lines[1] == f"request {answer.header('x-request-id')}, routes/index.py:3"
    assert lines[3:5] == ["ZeroDivisionError: division by zero", "  routes/index.py:3 in get"]


@pytest.mark.parametrize(
    "scope",
    [
        {"headers": [("accept", "*/*")]},
        {"headers": []},
        {"client": ("10.1.2.3", 50000)},
        {"client": None},
        {"headers": [*BROWSER, ("x-forwarded-for", "127.0.0.1")]},
    ],
    ids=["curl", "no accept", "other machine", "no peer", "proxy"],
)
async def test_everybody_else_is_told_a_problem(serve: Server, scope: dict[str, Any]) -> None:
    answer = await asked(serve, **scope)
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json()["detail"] == "ZeroDivisionError: division by zero"


async def test_the_handler_of_a_route_that_is_declared_in_code_is_named_too(serve: Server) -> None:
    text = """
from zenith_server import Zenith
app = Zenith()

@app.get("/")
async def get(): raise LookupError
"""
    app = await serve({"app.py": text}, environment="development")
    headers = [(b"host", b"localhost"), (b"accept", b"text/plain")]
    answer = await ask(app, "GET", "/", headers=headers)
    assert b", app.py:" in answer.body.splitlines()[1]


async def test_an_error_page_that_fails_leaves_the_problem(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
class Mute:
    def __str__(self): raise RuntimeError("not a word")

class Odd(Exception):
    __notes__ = [Mute()]

async def get(): raise Odd("it")
"""
    answer = await asked(serve, text=text)
    assert (answer.status, answer.json()["detail"]) == (500, "Odd: it")
    assert "The error page failed itself" in caplog.text


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("ValueError('half \\udc80')", "udc80"),
        ("ValueError(Mute())", "raised RuntimeError"),
        ("ValueError('z' * 10**7)", "zzz"),
        ("Any()", "Any"),
    ],
    ids=["half a letter", "no words", "many words", "any attribute"],
)
async def test_whatever_an_exception_says_is_told(
    serve: Server, raised: str, told: str, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Processes of a test run cannot tell each other half a letter.
    caplog.set_level(logging.CRITICAL + 1, "zenith_server")
    text = f"""
class Mute:
    def __str__(self): raise RuntimeError("not a word")
class Any(Exception):
    def __getattr__(self, name): return lambda *_: 1

async def get(): raise {raised}
"""
    answer = await asked(serve, text=text, headers=[("accept", accept)])
    assert answer.status == 500
    assert accept.partition("/")[2] in str(answer.header("content-type")).replace("problem+", "")
    assert told in answer.body.decode() or "str() failed" in answer.body.decode()
    assert len(answer.body) < 100_000


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
async def test_outside_development_nobody_is_shown_anything(
    serve: Server, environment: Any
) -> None:
    app = await serve({"routes/index.py": HEAD + FAILS}, environment=environment)
    headers = [(b"host", b"localhost"), (b"accept", b"text/html")]
    answer = await ask(app, "GET", "/", headers=headers)
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "request_id"}


async def test_the_password_in_a_url_is_told_to_nobody(serve: Server) -> None:
    text = "async def get(): raise OSError('no route to pg://ann:s3cret@db')"
    answer = await asked(serve, text=text, headers=[])
    assert answer.json()["detail"] == "OSError: no route to pg://ann:***@db"


async def test_a_line_break_in_a_path_never_begins_another_log_line(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = "async def get(it: str): raise LookupError"
    app = await serve({"routes/[it].py": text})
    await app.get("/a%0AERROR%20forged")
    assert "\nERROR forged" not in caplog.records[-1].getMessage()


# --- mappings of the project ---

ERRORS = {
    "models/nothing.py": "",
    "services/words.py": """
        class Words:
            sorry = "sorry"
        """,
    "routes/_errors.py": """
        from services.words import Words
        from zenith_server import Header, Request
        from typing import Annotated

        class Mine(Exception): ...

        async def lost(error: LookupError, words: Words, request: Request):
            return {"words": words.sorry, "error": str(error), "url": request.url.path}, 404

        def sync(error: ValueError | ArithmeticError):
            return {"sync": type(error).__name__}, 400

        async def failing(error: PermissionError):
            raise RuntimeError("the handler itself")

        async def refusing(error: IsADirectoryError):
            from zenith_server import Gone
            raise Gone("no longer")

        async def passing(error: BlockingIOError):
            raise error

        async def everything(error: Exception):
            return {"unexpected": True}, 500
        """,
    "routes/index.py": """
        import builtins
        from zenith_server import NotFound

        async def get(kind: str):
            if kind == "NotFound":
                raise NotFound("as ever")
            raise getattr(builtins, kind)("it")
        """,
}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("KeyError", 404, {"words": "sorry", "error": "'it'", "url": "/"}),
        ("ValueError", 400, {"sync": "ValueError"}),
        ("ZeroDivisionError", 400, {"sync": "ZeroDivisionError"}),
        ("OSError", 500, {"unexpected": True}),
    ],
)
async def test_the_nearest_mapping_of_the_project_answers(
    serve: Server, kind: str, status: int, body: dict[str, Any]
) -> None:
    answer = await (await serve(ERRORS)).get(f"/?kind={kind}")
    assert (answer.status, answer.json()) == (status, body)


async def test_a_mapping_of_everything_leaves_http_exceptions_alone(serve: Server) -> None:
    answer = await (await serve(ERRORS)).get("/?kind=NotFound")
    assert (answer.status, answer.json()["detail"]) == (404, "as ever")


async def test_a_mapping_of_everything_leaves_faults_of_the_client_alone(serve: Server) -> None:
    assert (await (await serve(ERRORS)).get("/")).status == 422


async def test_a_mapping_may_refuse_with_an_http_exception(serve: Server) -> None:
    answer = await (await serve(ERRORS)).get("/?kind=IsADirectoryError")
    assert (answer.status, answer.json()["detail"]) == (410, "no longer")


@pytest.mark.parametrize("kind", ["PermissionError", "BlockingIOError"])
async def test_a_mapping_that_fails_or_passes_is_a_500(
    serve: Server, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    answer = await (await serve(ERRORS)).get(f"/?kind={kind}")
    assert (answer.status, answer.json()["title"]) == (500, "Internal Server Error")
    assert kind in caplog.text


async def test_a_mapping_without_parameters_answers(serve: Server) -> None:
    text = """
from zenith_server import Zenith
app = Zenith()

@app.exception_handler(LookupError)
async def lost():
    return "lost", 404

@app.get("/")
async def get():
    raise LookupError
"""
    assert (await (await serve({"app.py": text})).get("/")).json() == "lost"


@pytest.mark.parametrize("place", ["dependency", "guard", "cleanup"])
async def test_an_http_exception_is_the_answer_wherever_it_is_raised(
    serve: Server, place: str
) -> None:
    raising = 'raise Forbidden("not you")'
    texts = {
        "dependency": f"def _it(): {raising}\nasync def get(it=Depends(_it)): ...",
        "guard": "async def get(): ...",
        "cleanup": f"def _it():\n    yield\n    {raising}\nasync def get(it=Depends(_it)): ...",
    }
    files = {"routes/index.py": HEAD + texts[place]}
    if place == "guard":
        files["routes/_middleware.py"] = f"{HEAD}def before(): {raising}"
    assert (await (await serve(files)).get("/")).json()["detail"] == "not you"
