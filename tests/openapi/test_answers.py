from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from zenith_server import Accepted, Created, Status
from zenith_server.handlers.signature import MISSING
from zenith_server.openapi.answers import answers


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (MISSING, [("2XX", "")]),
        (Any, [("2XX", "")]),
        (int, [("200", "application/json")]),
        (str, [("200", "application/json")]),
        (None, [("204", "")]),
        (int | None, [("200", "application/json"), ("204", "")]),
        (bytes, [("200", "application/octet-stream")]),
        (
            bytes | dict[str, int],
            [("200", "application/json"), ("200", "application/octet-stream")],
        ),
        (tuple[int, int], [("2XX", "application/json")]),
        (tuple[int, Literal[200, 201]], [("200", "application/json"), ("201", "application/json")]),
        (tuple[int | None, Literal[202]], [("202", "application/json"), ("202", "")]),
        (tuple[bytes, Literal[200], dict[str, str]], [("200", "*/*")]),
        (tuple[int, str], [("200", "application/json")]),
        (
            tuple[int, Literal[200]] | tuple[bytes, Literal[202]],
            [("200", "application/json"), ("202", "application/octet-stream")],
        ),
        (
            tuple[int, Literal[202]] | int | None,
            [("202", "application/json"), ("200", "application/json"), ("204", "")],
        ),
        (
            Annotated[tuple[int, Literal[202]] | None, "x"],
            [("202", "application/json"), ("204", "")],
        ),
        (AsyncIterator[bytes], [("200", "application/octet-stream")]),
        (Iterator[str], [("200", "text/plain")]),
        (AsyncIterator[dict[str, int]], [("200", "application/x-ndjson")]),
        (HTMLResponse, [("2XX", "text/html")]),
        (JSONResponse, [("2XX", "application/json")]),
        (Response, [("2XX", "*/*")]),
        (RedirectResponse, [("3XX", "")]),
        (int | RedirectResponse, [("200", "application/json"), ("3XX", "")]),
    ],
)
def test_the_annotation_tells_statuses_and_content_types(
    returns: Any, expected: list[tuple[str, str]]
) -> None:
    assert [(each.status, each.media) for each in answers(returns)] == expected


@pytest.mark.parametrize(
    ("returns", "status"),
    [(Created[int], "201"), (Accepted[int], "202"), (Annotated[int, Status(299)], "299")],
)
async def test_a_marked_status_is_that_of_the_result(returns: Any, status: str) -> None:
    from zenith_server.handlers.signature import Known, read
    from zenith_server.plan import Origin

    def handler() -> Any: ...

    handler.__annotations__["return"] = returns
    signature = read(handler, Known(), Origin("here"))
    assert [each.status for each in answers(signature.returns, signature.status)] == [status]


def test_without_a_body_a_marked_status_stays() -> None:
    [answer] = answers(None, 202)
    assert (answer.status, answer.media) == ("202", "")
    [answer] = answers(MISSING, 202)
    assert answer.status == "202"
