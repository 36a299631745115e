"""What a handler returns becomes the response that it means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pytest
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from tests.conftest import Server
from tests.served import Answer
from zenith_server.handlers.response import encoder, is_response, is_status
from zenith_server.markers import Created, Status
from zenith_server.reply import Reply


class Out(msgspec.Struct):
    name: str


class Secret(Out):
    password: str = "hidden"


class Document(msgspec.Struct):
    """A struct with methods, which make it no response."""

    text: str

    def render(self) -> str:
        return self.text

    def __call__(self) -> None: ...


class Place(NamedTuple):
    x: int
    y: int


def reply(value: Any, *declared: Any) -> tuple[int, dict[str, str], bytes]:
    answer = encoder(*declared)(value)
    assert isinstance(answer, Reply)
    headers = {name.decode(): text.decode() for name, text in answer.headers}
    return answer.status, headers, answer.body


JSON = {"content-type": "application/json", "content-length": "7"}


@pytest.mark.parametrize(
    ("value", "status", "kind", "body"),
    [
        ({"a": 1}, 200, "application/json", b'{"a":1}'),
        ([1], 200, "application/json", b"[1]"),
        ("hi", 200, "application/json", b'"hi"'),
        (5, 200, "application/json", b"5"),
        (False, 200, "application/json", b"false"),
        (Out("a"), 200, "application/json", b'{"name":"a"}'),
        (Place(1, 404), 200, "application/json", b"[1,404]"),
        ((1, "b"), 200, "application/json", b'[1,"b"]'),
        ((1, True), 200, "application/json", b"[1,true]"),
        ((1, 200, [], 4), 200, "application/json", b"[1,200,[],4]"),
        ((1,), 200, "application/json", b"[1]"),
        (b"hi", 200, "application/octet-stream", b"hi"),
        (({"a": 1}, 201), 201, "application/json", b'{"a":1}'),
        ((b"hi", 201), 201, "application/octet-stream", b"hi"),
        (("<b>", 200, {"Content-Type": "text/html"}), 200, "text/html", b"<b>"),
        ((b"<b>", 200, {"content-type": "text/html"}), 200, "text/html", b"<b>"),
        (({"a": 1}, 200, {"content-type": "application/x+json"}), 200, "application/x+json",
         b'{"a":1}'),
    ],
)  # fmt: skip
def test_a_value_has_a_status_a_type_and_a_body(
    value: Any, status: int, kind: str, body: bytes
) -> None:
    found = reply(value)
    assert (found[0], found[1]["content-type"], found[2]) == (status, kind, body)
    assert found[1]["content-length"] == str(len(body))


def test_none_is_no_content() -> None:
    assert reply(None) == (204, {}, b"")


def test_none_of_a_declared_status_has_that_status() -> None:
    assert reply(None, None, 202) == (202, {"content-length": "0"}, b"")


def test_none_with_a_status_has_an_empty_body() -> None:
    assert reply((None, 202)) == (202, {"content-length": "0"}, b"")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_drops_it(status: int) -> None:
    assert reply(({"a": 1}, status))[2] == b""


def test_a_status_may_be_a_member_of_an_enumeration() -> None:
    from http import HTTPStatus

    assert reply(({"a": 1}, HTTPStatus.CREATED))[0] == 201


def test_headers_are_added() -> None:
    assert reply(({"a": 1}, 200, {"X-A": 5})) == (200, JSON | {"x-a": "5"}, b'{"a":1}')


def test_headers_may_be_pairs() -> None:
    assert reply((None, 200, [("x-a", "1")]))[1]["x-a"] == "1"


@pytest.mark.parametrize("text", ["a\r\nset-cookie: x", "a\nb", "a\0"])
def test_a_header_never_begins_another(text: str) -> None:
    with pytest.raises(ValueError, match="holds a line break or another control character"):
        reply((None, 200, {"location": text}))


@pytest.mark.parametrize("status", [0, 100, 199, 600, 9999])
def test_a_number_that_is_no_status_is_an_error(status: int) -> None:
    with pytest.raises(ValueError, match=f"{status} is no status of a response"):
        reply((1, status))


@pytest.mark.parametrize(
    "response", [Response("x"), HTMLResponse("x"), RedirectResponse("/"), StreamingResponse([])]
)
def test_a_response_is_sent_as_it_is(response: Any) -> None:
    assert encoder()(response) is response


def test_a_response_is_sent_as_it_is_whatever_is_declared() -> None:
    response = Response("x")
    assert encoder(Out)(response) is response


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (Out, Secret("a")),
        (Out | None, Secret("a")),
        (Out | Response, Secret("a")),
        (tuple[Out, int], (Secret("a"), 200)),
        (tuple[Out, Literal[200, 201], dict[str, str]], (Secret("a"), 200, {})),
        (tuple[Out | None, int], (Secret("a"), 200)),
        (tuple[Out, int] | Out, Secret("a")),
        (tuple[Out, int] | None | Response, (Secret("a"), 200)),
        (Created[Out], Secret("a")),
        (Annotated[Out, Status(200)], Secret("a")),
    ],
)
def test_the_annotation_filters(declared: Any, value: Any) -> None:
    assert reply(value, declared)[2] == b'{"name":"a"}'


def test_a_pair_without_status_is_declared_as_a_pair() -> None:
    assert reply((1, "a"), tuple[int, str])[2] == b'[1,"a"]'


@pytest.mark.parametrize("declared", [None, Response, Response | None, Any])
def test_an_annotation_without_data_filters_nothing(declared: Any) -> None:
    assert reply({"a": 1}, declared)[2] == b'{"a":1}'


def test_a_struct_with_methods_is_no_response() -> None:
    assert not is_response(Document)
    assert not is_response("text")
    assert is_response(RedirectResponse)


@pytest.mark.parametrize("kind", [int, Literal[200, 404], Annotated[int, "x"]])
def test_a_status_is_an_integer(kind: Any) -> None:
    assert is_status(kind)


@pytest.mark.parametrize("kind", [str, bool, Literal["a"], int | str])
def test_a_status_is_nothing_else(kind: Any) -> None:
    assert not is_status(kind)


def test_an_async_iterator_of_undeclared_pieces_is_an_error() -> None:
    async def pieces() -> AsyncIterator[Secret]:
        yield Secret("a")

    with pytest.raises(TypeError, match="declare -> AsyncIterator"):
        encoder(Out)(pieces())


def test_an_iterator_of_a_declared_list_is_sent_whole() -> None:
    assert reply(iter([Secret("a")]), list[Out])[2] == b'[{"name":"a"}]'


# --- through a handler ---

PROJECT = {
    "routes/[kind].py": """
        from starlette.background import BackgroundTask
        from starlette.responses import FileResponse, JSONResponse, RedirectResponse
        from starlette.responses import StreamingResponse
        from zenith_server import Created

        done = []

        async def _lines():
            yield b"a"
            yield b"b"

        async def get(kind: str):
            match kind:
                case "json": return JSONResponse({"a": 1}, 201)
                case "file": return FileResponse(__file__)
                case "redirect": return RedirectResponse("/json")
                case "stream": return StreamingResponse(_lines())
                case "task": return JSONResponse(done, background=BackgroundTask(done.append, 1))
                case "broken": return object()

        async def post(kind: str) -> Created[dict[str, str]]:
            return {"kind": kind}
        """,
}


async def got(serve: Server, url: str) -> Answer:
    return await (await serve(PROJECT)).get(url)


async def test_a_json_response_is_sent(serve: Server) -> None:
    answer = await got(serve, "/json")
    assert (answer.status, answer.json()) == (201, {"a": 1})


async def test_a_file_is_sent(serve: Server) -> None:
    answer = await got(serve, "/file")
    assert answer.body.startswith(b"from starlette.background")


async def test_a_redirect_is_sent(serve: Server) -> None:
    answer = await got(serve, "/redirect")
    assert (answer.status, answer.header("location")) == (307, "/json")


async def test_a_streaming_response_is_sent(serve: Server) -> None:
    assert (await got(serve, "/stream")).body == b"ab"


async def test_a_background_task_runs_after_the_response(serve: Server) -> None:
    app = await serve(PROJECT)
    assert [(await app.get("/task")).json() for _ in range(2)] == [[], [1]]


async def test_a_declared_status_is_sent(serve: Server) -> None:
    app = await serve(PROJECT)
    answer = await app.post("/x")
    assert (answer.status, answer.json()) == (201, {"kind": "x"})


async def test_what_cannot_be_written_is_a_500_that_the_log_explains(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await got(serve, "/broken")).status == 500
    assert "object cannot be written as JSON; return a struct" in caplog.text


def test_an_annotation_of_an_iterator_declares_its_pieces() -> None:
    stream = encoder(Iterator[Out])(iter([Secret("a")]))
    assert stream.write(Secret("a")) == b'{"name":"a"}'  # type: ignore[union-attr]
