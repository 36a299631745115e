from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, asked

PAGE = """
    from starlette.responses import HTMLResponse

    async def get():
        return HTMLResponse("<h1>Hello</h1>")
"""
OWN = """
    async def get():
        return {}, 200, {"Content-Security-Policy": "default-src 'self'", "X-Frame-Options": "ours"}
"""


async def test_an_answer_carries_every_header_once(serve: Server) -> None:
    answer = await (await serve(INDEX)).get("/")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("x-frame-options") == "DENY"
    assert answer.header("referrer-policy") == "same-origin"
    assert answer.header("cross-origin-opener-policy") == "same-origin"
    policy = answer.header("content-security-policy")
    assert policy == "default-src 'none'; frame-ancestors 'none'"


async def test_an_error_carries_them_too(serve: Server) -> None:
    answer = await (await serve(INDEX)).get("/nowhere")
    assert (answer.status, answer.header("x-frame-options")) == (404, "DENY")


async def test_a_header_of_the_handler_stays_as_it_is(serve: Server) -> None:
    answer = await (await serve({"routes/index.py": OWN})).get("/")
    assert answer.header("content-security-policy") == "default-src 'self'"
    assert answer.header("x-frame-options") == "ours"
    assert answer.header("x-content-type-options") == "nosniff"


async def test_a_page_may_load_its_styles_and_is_not_framed(serve: Server) -> None:
    answer = await (await serve({"routes/index.py": PAGE})).get("/")
    policy = answer.header("content-security-policy")
    assert policy is not None
    assert "frame-ancestors 'none'" in policy
    assert "default-src" not in policy


@pytest.mark.parametrize(
    ("scheme", "age", "expected"),
    [
        ("https", "1h", "max-age=3600; includeSubDomains"),
        ("http", "1h", None),
        ("https", "0", None),
    ],
)
async def test_hsts_is_sent_by_https_only_and_only_when_asked_for(
    serve: Server, scheme: str, age: str, expected: Any
) -> None:
    app = await serve({**INDEX, "zenith.yaml": f"security: {{hsts: {age}}}\n"})
    answer = await asked(app, scheme=scheme)
    assert answer.header("strict-transport-security") == expected
