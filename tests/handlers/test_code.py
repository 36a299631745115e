"""The code of a handler is straight, and a change of it is seen here."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.conftest import Server
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.handlers.inject import write_route


async def code(serve: Server, files: dict[str, str], method: str = "GET") -> str:
    """Return the code of a method of `routes/[slug].py`."""
    app = (await serve(files)).app
    assert isinstance(app, Dispatcher)
    routes = [route for route in app.plan.routes if route.origin.where == "routes/[slug].py"]
    route = next(route for route in routes if route.method == method)
    return write_route(route, app.injection).text


def expected(text: str) -> str:
    return dedent(text).lstrip("\n")


async def test_a_handler_of_text_is_a_few_calls(serve: Server) -> None:
    files = {"routes/[slug].py": "async def get(slug: str, page: int = 1) -> str: ..."}
    assert await code(serve, files) == expected("""
        async def endpoint(scope, receive, send, values):
            slug = values[0]
            query = _read_query(scope)
            try:
                page = query.get('page')
                if page is None:
                    page = 1
                elif page.__class__ is not str:
                    page = _read_page(query)
                elif page in _SMALL:
                    page = _SMALL[page]
                elif page.isdecimal() and page.isascii() and page >= '1' and len(page) < 19:
                    page = int(page)
                else:
                    page = _read_page(query)
            except _Refused:
                raise _explain(query=query) from None
            value = await _get(slug, page)
            if value.__class__ in _plain:
                body = _write(value)
                size = len(body)
                length = _LENGTHS[size] if size < 1024 else (b'content-length', b'%d' % size)
                reply = _Reply(200, [_JSON, length], body)
            else:
                reply = _encode(value)
            return reply
        """)


async def test_a_session_and_a_dependency_close_before_the_answer(serve: Server) -> None:
    files = {
        "routes/[slug].py": """
            from typing import Annotated
            from msgspec import Struct
            from zenith_server import DB, Depends, Forbidden, Header

            class Changes(Struct):
                title: str

            async def _user(token: Annotated[str, Header()], session=DB) -> str: ...

            def put(
                slug: str, changes: Changes, session=DB, user: str = Depends(_user)
            ) -> Changes: ...
            """,
        "routes/_middleware.py": "def before(): ...",
    }
    assert await code(serve, files, "PUT") == expected("""
        async def endpoint(scope, receive, send, values):
            reply = None
            before = await _in_thread(lambda: _before())
            slug = values[0]
            session = _session(scope)
            try:
                try:
                    token = _read_token(scope)
                except _Refused:
                    raise _explain(header=scope) from None
                user = await _user(token, session)
                message = await receive()
                body = message.get('body', b'')
                if message['type'] != 'http.request' or message.get('more_body', False) or len(body) > 1048576:
                    body = await _read_body(scope, receive, message)
                body = (scope, body)
                try:
                    changes = _read_changes(body)
                except _Refused:
                    raise _explain_10(body=body) from None
                value = await _in_thread(lambda: _put(slug, changes, session, user))
                if value.__class__ in _plain:
                    body = _write(value)
                    size = len(body)
                    length = _LENGTHS[size] if size < 1024 else (b'content-length', b'%d' % size)
                    reply = _Reply(200, [_JSON, length], body)
                else:
                    reply = _encode(value)
                if reply.__class__ is not _Reply and (
                    reply.__class__ is _Stream
                    or hasattr(reply, 'body_iterator')
                ):
                    await reply(scope, receive, send)
                    reply = _SENT
            except BaseException as error:
                ending = _end_session(session, scope, error)
                if ending is not None:
                    await ending
                raise
            else:
                ending = _end_session(session, scope, None)
                if ending is not None:
                    await ending
            if reply.__class__ is not _Reply:
                if reply is None:
                    raise _swallowed('routes/[slug].py:10')
                if reply is _SENT:
                    return None
            return reply
        """)  # noqa: E501 - one line of code is one line


async def test_a_request_beside_a_body_reads_it_from_a_tape(serve: Server) -> None:
    files = {
        "routes/[slug].py": """
            from zenith_server import Request
            async def post(slug: str, request: Request, body: dict): ...
            """
    }
    text = await code(serve, files, "POST")
    assert text.splitlines()[1:3] == ["    tape = _Tape(receive)", "    receive = tape.reader()"]
    assert ("request = _request(scope, tape.reader(), send, {'slug': values[0]})") in text


async def test_a_request_alone_reads_from_the_server(serve: Server) -> None:
    files = {
        "routes/[slug].py": """
            from zenith_server import Request
            async def get(slug: str, request: Request): ...
            """
    }
    text = await code(serve, files)
    assert "tape" not in text
    assert "_request(scope, receive, " in text


async def test_a_traceback_shows_the_code(serve: Server, caplog: pytest.LogCaptureFixture) -> None:
    app = await serve({"routes/index.py": "async def get(): raise LookupError"})
    await app.get("/")
    assert "    value = await _get()\n" in caplog.text


async def test_handlers_of_the_same_code_have_their_own_values_and_tracebacks(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    failing = "def get(id: int): raise LookupError"
    app = await serve(
        {
            "routes/one/[id].py": failing,
            "routes/two/[id].py": failing,
            "routes/three/[id].py": "def get(id: int): return id",
            "routes/four/[id].py": "def get(id: int): return -id",
        }
    )
    assert [(await app.get(f"/{name}/3")).json() for name in ("three", "four")] == [3, -3]
    await app.get("/two/3")
    assert 'File "<GET /two/{id}>"' in caplog.text
    assert "/one/" not in caplog.text


@pytest.mark.parametrize("name", ["_", "_1", "_class", "__x", "größe"])
async def test_a_parameter_may_have_any_name(serve: Server, name: str) -> None:
    app = await serve({"routes/index.py": f"async def get({name}: int): return {name}"})
    assert (await app.get(f"/?{name}=5".encode().decode("latin-1"))).json() == 5


@pytest.mark.parametrize(
    ("parameter", "query", "value"),
    [
        ("value: str = Colour.RED", b"", "red"),
        ("value: int = Size.LARGE", b"", 3),
        ("value: str = 'it\\'s \"x\" {0}'", b"", 'it\'s "x" {0}'),
        ("value: bool = True", b"", True),
        ("value: int = True", b"", True),
        ("value: int | None = None", b"", None),
        ("value: int = -1", b"", -1),
        ("value: int = 1", b"value=007", None),
        ("value: int = 1", b"value=0", 0),
        ("value: int = 1", b"value=-5", -5),
        ("value: int = 1", b"value=9223372036854775807", 9223372036854775807),
        ("value: int = 1", b"value=%D9%A5", None),
        ("value: int = 1", b"value=1_0", None),
    ],
)
async def test_a_value_is_the_same_whoever_reads_it(
    serve: Server, parameter: str, query: bytes, value: object
) -> None:
    text = f"""
        from enum import IntEnum, StrEnum

        class Colour(StrEnum):
            RED = "red"

        class Size(IntEnum):
            LARGE = 3

        async def get({parameter}):
            return {{"value": value}}
        """
    app = await serve({"routes/index.py": text})
    answer = await app.get(f"/?{query.decode()}")
    assert answer.json().get("value") == value
