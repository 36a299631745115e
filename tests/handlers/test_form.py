"""Forms are read whole, within bounds, and their uploads are removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server
from tests.served import Answer
from zenith_server.handlers.form import form_opener
from zenith_server.handlers.request import ClientDisconnected
from zenith_server.problems import BadRequest, ContentTooLarge, HTTPException, UnsupportedMediaType
from zenith_server.protocol import Message

SIMPLE = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


async def read(content_type: str, *parts: bytes, limit: int = 1000, leaves: bool = False) -> Any:
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": leaves or index < len(parts)}
        for index, part in enumerate(parts, start=1)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    scope = {"headers": [(b"content-type", content_type.encode())]}
    async with form_opener(limit)(scope, receive) as fields:
        return {
            name: (value.filename, await value.read()) if hasattr(value, "filename") else value
            for name, value in fields.items()
        }


def part(name: str | bytes, value: bytes, extra: bytes = b"") -> bytes:
    raw = name.encode() if isinstance(name, str) else name
    head = b'--b\r\ncontent-disposition: form-data; name="' + raw + b'"' + extra
    return head + b"\r\n\r\n" + value + b"\r\n"


END = b"--b--\r\n"


async def test_fields_are_read_by_name() -> None:
    assert await read(SIMPLE, b"a=1&b=caf%C3%A9+x") == {"a": "1", "b": "café x"}


async def test_fields_of_one_name_are_a_list() -> None:
    assert await read(SIMPLE, b"a=1&a=2") == {"a": ["1", "2"]}


async def test_fields_with_parts_are_read_by_name() -> None:
    body = part("a", "é".encode()) + part("a", b"2") + END
    assert await read(MULTIPART, body) == {"a": ["é", "2"]}


async def test_a_name_need_not_be_english() -> None:
    assert await read(MULTIPART, part("größe", b"1") + END) == {"größe": "1"}


async def test_an_upload_has_its_name_and_its_bytes() -> None:
    body = part("file", b"\x00\xff", '; filename="é.bin"'.encode()) + END
    assert await read(MULTIPART, body) == {"file": ("é.bin", b"\x00\xff")}


async def test_a_form_may_come_in_pieces() -> None:
    body = part("a", b"1") + END
    assert await read(MULTIPART, *(body[i : i + 1] for i in range(len(body)))) == {"a": "1"}


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "multipart/mixed"])
async def test_other_formats_are_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="Send a form: application/x-www-form"):
        await read(content_type, b"a=1")


MANY = b"".join(part("a", b"1") for _ in range(2000)) + END
FILES = b"".join(part("a", b"1", b'; filename="x"') for _ in range(2000)) + END


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        (SIMPLE, b"a=%ff", "The form is not valid UTF-8"),
        (SIMPLE, b"a=\xff", "The form is not valid UTF-8"),
        (SIMPLE, b"a=%00", "The form holds a NUL character"),
        (SIMPLE, b"a&" * 2000, "The form has more than 1000 fields"),
        ("multipart/form-data", part("a", b"1") + END, "cannot be read: Missing boundary"),
        (MULTIPART, part("a", b"\xff") + END, "The form is not valid UTF-8"),
        (MULTIPART, part(b"\xff", b"1") + END, "The form is not valid UTF-8"),
        (MULTIPART, part("a", b"1", b'; filename="\xff"') + END, "The form is not valid UTF-8"),
        (MULTIPART, part("a", b"\x00") + END, "The form holds a NUL character"),
        (MULTIPART, part("a", b"1"), "it ends before its last boundary"),
        (MULTIPART, part("a", b"1", b'; filename="x"')[:-2], "ends before its last boundary"),
        (MULTIPART, b"", "it ends before its last boundary"),
        (MULTIPART, b"rubbish", "The form cannot be read: "),
        (MULTIPART, b"--b\r\nx: y\r\n\r\n1\r\n" + END, "The form cannot be read: "),
        (MULTIPART, MANY, "Too many fields"),
        (MULTIPART, FILES, "Too many files"),
        (MULTIPART + "; charset=nonsense", part("a", b"\xff") + END, "is not valid UTF-8"),
    ],
)
async def test_a_broken_form_is_a_bad_request(content_type: str, body: bytes, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        await read(content_type, body, limit=10**6)


@pytest.mark.parametrize("content_type", [SIMPLE, MULTIPART])
async def test_a_form_beyond_the_limit_is_refused(content_type: str) -> None:
    with pytest.raises(ContentTooLarge, match="The body is larger than 1000 bytes"):
        await read(content_type, part("a", b"1") + b"x" * 600, b"x" * 600)


@pytest.mark.parametrize("content_type", [SIMPLE, MULTIPART])
async def test_a_client_that_goes_away_has_sent_no_form(content_type: str) -> None:
    with pytest.raises(ClientDisconnected):
        await read(content_type, part("a", b"1"), leaves=True)


async def test_uploads_are_removed_when_a_name_is_refused() -> None:
    with pytest.raises(HTTPException):
        await read(MULTIPART, part("f", b"1", b'; filename="x"') + part("a", b"\x00") + END)


# --- through a handler ---

PROJECT = {
    "routes/index.py": """
        from typing import Annotated
        from msgspec import Struct
        from zenith_server import Form, UploadFile

        class Login(Struct):
            name: str
            remember: bool = False
            tags: list[str] = []

        async def post(login: Annotated[Login, Form()]) -> Login:
            return login

        async def put(file: UploadFile, note: Annotated[str, Form()] = ""):
            return {"name": file.filename, "size": len(await file.read()), "note": note}

        async def patch(files: list[UploadFile]):
            return [file.filename for file in files]

        async def delete(file: UploadFile | None = None):
            return file is None
        """,
}


async def sent(serve: Server, method: str, content_type: str, body: bytes) -> Answer:
    app = await serve(PROJECT)
    return await app.request(method, "/", {"content-type": content_type}, body)


async def test_a_whole_form_becomes_a_struct(serve: Server) -> None:
    answer = await sent(serve, "POST", SIMPLE, b"name=ada&remember=on&tags=x")
    assert answer.json() == {"name": "ada", "remember": True, "tags": ["x"]}


async def test_every_fault_of_a_form_is_told(serve: Server) -> None:
    answer = await sent(serve, "POST", SIMPLE, b"remember=maybe")
    assert answer.faults() == {
        "form.name": "This field is required",
        "form.remember": "Expected `bool`",
    }


async def test_an_upload_comes_with_other_fields(serve: Server) -> None:
    body = part("file", b"123", b'; filename="a.txt"') + part("note", b"hi") + END
    answer = await sent(serve, "PUT", MULTIPART, body)
    assert answer.json() == {"name": "a.txt", "size": 3, "note": "hi"}


async def test_text_is_no_upload(serve: Server) -> None:
    answer = await sent(serve, "PUT", MULTIPART, part("file", b"123") + END)
    assert answer.faults() == {"form.file": "Expected a file, got text"}


async def test_one_upload_of_many_is_a_list(serve: Server) -> None:
    body = part("files", b"123", b'; filename="a.txt"') + END
    assert (await sent(serve, "PATCH", MULTIPART, body)).json() == ["a.txt"]


async def test_an_upload_may_be_left_out(serve: Server) -> None:
    assert (await sent(serve, "DELETE", MULTIPART, END)).json() is True


async def test_a_missing_upload_is_told(serve: Server) -> None:
    assert (await sent(serve, "PUT", MULTIPART, END)).faults() == {
        "form.file": "This value is required"
    }
