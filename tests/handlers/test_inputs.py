"""Path, query, header, cookie and body reach the handler as the types that it declares."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Answer

HEAD = """
import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict
import pydantic
from msgspec import Meta, Struct
from zenith_server import Body, Cookie, Form, Header, Query

class Colour(Enum):
    RED = "red"

class Level(IntEnum):
    LOW = 1

class Item(Struct, rename="camel"):
    full_name: str
    tags: list[str] = []

class Filter(Struct):
    page: int = 1
    tags: list[str] = []
    done: bool | None = None

class Model(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(0, ge=0)

class Typed(TypedDict, total=False):
    name: str

@dataclass
class Plain:
    name: str

UserId = NewType("UserId", int)
Limit = Annotated[int, Meta(ge=1, le=100)]

"""


async def sent(
    serve: Server,
    signature: str,
    url: str = "/",
    headers: Any = (),
    *,
    body: bytes = b"",
    method: str = "GET",
) -> Answer:
    """Send a request to a handler that returns what it was given."""
    file = "routes/index.py" if url.partition("?")[0] == "/" else "routes/[it].py"
    text = f"{HEAD}async def {method.lower()}({signature}): return locals()\n"
    app = await serve({file: text})
    return await app.request(method, url, headers, body)


@pytest.mark.parametrize(
    ("signature", "url", "value"),
    [
        ("it", "/a%20b", "a b"),
        ("it: str", "/a%2Fb", "a/b"),
        ("it: int", "/7", 7),
        ("it: UserId", "/7", 7),
        ("it: uuid.UUID", "/" + "0" * 31 + "1", "00000000-0000-0000-0000-000000000001"),
        ("it: Colour", "/red", "red"),
        ("it: Literal['a', 'b']", "/b", "b"),
        ("it: datetime.date", "/2026-01-31", "2026-01-31"),
        ("it: Limit", "/100", 100),
        ("it: Annotated[int, pydantic.Field(ge=1)]", "/1", 1),
        ("it: int, /", "/7", 7),
        ("*, it: int", "/7", 7),
    ],
)
async def test_a_path_value_is_converted(
    serve: Server, signature: str, url: str, value: Any
) -> None:
    assert (await sent(serve, signature, url)).json() == {"it": value}


@pytest.mark.parametrize(
    ("annotation", "url"),
    [
        *(("int", "/x"), ("int", "/1.5"), ("int", "/" + "9" * 5000), ("uuid.UUID", "/1")),
        *(
            ("Colour", "/blue"),
            ("Limit", "/0"),
            ("float", "/nan"),
            ("datetime.date", "/2026-13-01"),
        ),
        ("Annotated[int, pydantic.Field(ge=1)]", "/0"),
    ],
)
async def test_a_path_value_that_does_not_convert_is_404(
    serve: Server, annotation: str, url: str
) -> None:
    answer = await sent(serve, f"it: {annotation}", url)
    assert (answer.status, answer.json()["detail"]) == (404, f"There is nothing at {url}")


@pytest.mark.parametrize(
    ("signature", "url", "value"),
    [
        ("q: str", "/?q=a+b", "a b"),
        ("q='none'", "/", "none"),
        ("q='none'", "/?q=a", "a"),
        ("q=1", "/?q=2", 2),
        ("q=None", "/?q=a", "a"),
        ("q=None", "/", None),
        ("q=True", "/?q=off", False),
        ("q=1.5", "/?q=2", 2.0),
        ("q: str = Query('other')", "/?other=a", "a"),
        ("q: Annotated[str, Query]", "/?q=a", "a"),
        ("q: Annotated[int, Query('other')] = 1", "/?other=2", 2),
        ("q: int | None", "/", None),
        ("q: Optional[int] = 5", "/", 5),
        ("q: list[int]", "/?q=1&q=2", [1, 2]),
        ("q: list[int]", "/?q=1", [1]),
        ("q: list[int] | None", "/", None),
        ("q: list[str] = ['a']", "/", ["a"]),
        ("q: Sequence[int]", "/?q=1&q=2", [1, 2]),
        ("q: set[Colour]", "/?q=red&q=red", ["red"]),
        ("q: tuple[int, int]", "/?q=1&q=2", [1, 2]),
        ("q: Decimal", "/?q=1.10", "1.10"),
        ("q: Level", "/?q=1", 1),
        ("q: datetime.timedelta", "/?q=PT5S", "PT5S"),
        ("q: Annotated[str, pydantic.StringConstraints(to_lower=True)]", "/?q=A", "a"),
        ("q: Annotated[Model, Query()]", "/?name=a", {"name": "a", "age": 0}),
        (
            "q: Annotated[Filter, Query()]",
            "/?page=2&tags=a&done=on&utm=x",
            {"page": 2, "tags": ["a"], "done": True},
        ),
        (
            "q: Annotated[Filter | None, Query()]",
            "/?tags=a&tags=b",
            {"page": 1, "tags": ["a", "b"], "done": None},
        ),
    ],
)
async def test_a_query_value_is_converted(
    serve: Server, signature: str, url: str, value: Any
) -> None:
    assert (await sent(serve, signature, url)).json() == {"q": value}


@pytest.mark.parametrize(
    ("signature", "url", "fault"),
    [
        ("q: str", "/", {"query.q": "This value is required"}),
        ("q: str", "/?q=1&q=2", {"query.q": "Expected one value, got several"}),
        ("q: int", "/?q=x", {"query.q": "Expected `int`"}),
        ("q: list[int]", "/?q=1&q=x", {"query.q.1": "Expected `int`"}),
        ("q: Limit", "/?q=101", {"query.q": "Expected `int` <= 100"}),
        ("q: Annotated[Filter, Query()]", "/?page=x", {"query.page": "Expected `int`"}),
        (
            "q: Annotated[Model, Query()]",
            "/?age=-1",
            {
                "query.name": "Field required",
                "query.age": "Input should be greater than or equal to 0",
            },
        ),
        (
            "a: int, b: int, c: Annotated[str, Header()], d: Annotated[int, Cookie()]",
            "/?a=x",
            {
                "query.a": "Expected `int`",
                "query.b": "This value is required",
                "header.c": "This value is required",
                "cookie.d": "This value is required",
            },
        ),
    ],
)
async def test_every_value_that_does_not_fit_is_told(
    serve: Server, signature: str, url: str, fault: dict[str, str]
) -> None:
    assert (await sent(serve, signature, url)).faults() == fault


async def test_a_default_that_a_handler_changed_is_fresh_for_the_next(serve: Server) -> None:
    text = "async def get(q: list[int] = []):\n    q.append(1)\n    return q\n"
    app = await serve({"routes/index.py": text})
    assert [(await app.get("/")).json() for _ in range(2)] == [[1], [1]]


@pytest.mark.parametrize(
    ("signature", "headers", "value"),
    [
        ("x_token: Annotated[str, Header()]", {"X-Token": "a"}, "a"),
        ("x_token: Annotated[str, Header('X-Other')]", {"x-other": "a"}, "a"),
        ("x_token: Annotated[int, Header()]", {"x-token": "7"}, 7),
        ("x_token: Annotated[str | None, Header()]", {}, None),
        ("x_token: Annotated[str, Header()] = 'b'", {}, "b"),
        (
            "x_token: Annotated[list[str], Header()]",
            [("x-token", "a"), ("x-token", "b")],
            ["a", "b"],
        ),
        (
            "x_token: Annotated[list[int], Header()]",
            [("x-token", "1, 2,"), ("x-token", "3")],
            [1, 2, 3],
        ),
        ("x_token: Annotated[list[str] | None, Header()]", {}, None),
        ("x_token: Annotated[str, Cookie('session')]", {"cookie": "a=1; session=2"}, "2"),
        ("x_token: Annotated[int, Cookie()] = 5", {}, 5),
    ],
)
async def test_a_header_or_cookie_is_converted(
    serve: Server, signature: str, headers: Any, value: Any
) -> None:
    assert (await sent(serve, signature, "/", headers)).json() == {"x_token": value}


async def test_a_header_that_comes_twice_is_a_bad_request(serve: Server) -> None:
    pairs = [("authorization", "a"), ("authorization", "b")]
    answer = await sent(serve, "authorization: Annotated[str, Header()]", "/", pairs)
    assert (answer.status, answer.json()["detail"]) == (
        400,
        "The header authorization is there more than once",
    )


@pytest.mark.parametrize(
    ("signature", "body", "value"),
    [
        ("it: Item", b'{"fullName": "a"}', {"fullName": "a", "tags": []}),
        ("it: Model", b'{"name": "a"}', {"name": "a", "age": 0}),
        ("it: Plain", b'{"name": "a"}', {"name": "a"}),
        ("it: Typed", b"{}", {}),
        ("it: list[Item]", b'[{"fullName": "a"}]', [{"fullName": "a", "tags": []}]),
        ("it: dict[str, int]", b'{"a": 1}', {"a": 1}),
        ("it: dict", b'{"a": 1}', {"a": 1}),
        ("it: Any", b"[1]", [1]),
        ("it: Annotated[int, Body()]", b"7", 7),
        ("it: Annotated[list[int], Body]", b"[7]", [7]),
        ("it: Item | None", b"", None),
        ("it: Item | None", b"null", None),
        ("it: Item | None = None", b"", None),
        ("it: dict = {}", b"", {}),
    ],
)
async def test_a_body_is_converted(serve: Server, signature: str, body: bytes, value: Any) -> None:
    headers = {"content-type": "application/json"} if body else {}
    answer = await sent(serve, signature, "/", headers, body=body, method="POST")
    assert answer.json() == {"it": value}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
async def test_a_body_comes_with(serve: Server, method: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await sent(serve, "it: dict", "/", headers, body=b"{}", method=method)
    assert answer.json() == {"it": {}}


async def test_raw_bytes_are_handed_on_whatever_they_are(serve: Server) -> None:
    text = "async def post(it: Annotated[bytes, Body()]): return it"
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.post("/", b"\x00\xff")).body == b"\x00\xff"


async def test_raw_bytes_come_beside_the_value(serve: Server) -> None:
    text = "async def post(it: dict, raw: Annotated[bytes, Body()]): return [it, len(raw)]"
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.post("/", json={"a": 1})).json() == [{"a": 1}, 8]


async def test_a_missing_body_is_told(serve: Server) -> None:
    assert (await sent(serve, "it: Item", method="POST")).faults() == {
        "body": "This value is required"
    }


async def test_faults_of_a_body_come_with_those_of_the_query(serve: Server) -> None:
    headers = {"content-type": "application/json"}
    answer = await sent(serve, "it: Item, q: int", "/", headers, body=b"{}", method="POST")
    assert answer.faults() == {
        "body.fullName": "This field is required",
        "query.q": "This value is required",
    }
