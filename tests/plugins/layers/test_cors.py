from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX
from tests.served import Answer
from zenith_server.errors import ProjectError

PAGE = "https://page.example"
LISTED = f"cors: {{origins: ['{PAGE}', 'http://localhost:5173'], credentials: true}}\n"
ANY = "cors: {origins: ['*'], expose: []}\n"
ALLOW = "access-control-allow-origin"
ASKING = "access-control-request-method"


def cors(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("access-control")}


async def test_a_listed_origin_may_read_the_answer(serve: Server) -> None:
    answer = await (await serve({**INDEX, "zenith.yaml": LISTED})).get("/", {"origin": PAGE})
    assert cors(answer) == {
        ALLOW: PAGE,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "X-Request-Id",
    }
    assert answer.header("vary") == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PAGE}.evil.example", "*"])
async def test_another_origin_may_not(serve: Server, origin: str) -> None:
    answer = await (await serve({**INDEX, "zenith.yaml": LISTED})).get("/", {"origin": origin})
    assert (answer.status, cors(answer), answer.header("vary")) == (200, {}, "Origin")


async def test_an_answer_to_no_page_varies_too(serve: Server) -> None:
    answer = await (await serve({**INDEX, "zenith.yaml": LISTED})).get("/")
    assert (cors(answer), answer.header("vary")) == ({}, "Origin")


async def test_errors_can_be_read_too(serve: Server) -> None:
    bug = {"routes/bug.py": "async def get(): raise RuntimeError('no')\n"}
    app = await serve({**INDEX, **bug, "zenith.yaml": LISTED})
    for url, status in {"/nowhere": 404, "/bug": 500}.items():
        answer = await app.get(url, {"origin": PAGE})
        assert (answer.status, answer.header(ALLOW)) == (status, PAGE)


async def test_a_preflight_is_answered_with_what_is_allowed(serve: Server) -> None:
    text = "cors: {origins: ['http://localhost:5173'], methods: [get, put], headers: [X-A, X-B]}\n"
    app = await serve({**INDEX, "zenith.yaml": text})
    headers = {"origin": "http://localhost:5173", ASKING: "PUT"}
    answer = await app.request("OPTIONS", "/nowhere", headers)
    assert (answer.status, answer.body) == (204, b"")
    assert cors(answer) == {
        ALLOW: "http://localhost:5173",
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "X-A, X-B",
        "access-control-max-age": "600",
        "access-control-expose-headers": "X-Request-Id",
    }


async def test_a_preflight_of_another_origin_gets_the_ordinary_answer(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": LISTED})
    answer = await app.request("OPTIONS", "/", {"origin": "https://evil.example", ASKING: "GET"})
    assert (answer.status, answer.header("allow"), cors(answer)) == (204, "GET, HEAD, OPTIONS", {})


async def test_options_without_a_question_is_no_preflight(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": LISTED})
    answer = await app.request("OPTIONS", "/", {"origin": PAGE})
    assert answer.header("allow") == "GET, HEAD, OPTIONS"


async def test_a_star_lets_every_page_read_and_none_send_cookies(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": ANY})
    for headers in ({"origin": PAGE}, {"origin": "null"}, {}):
        answer = await app.get("/", headers)
        assert (cors(answer), answer.header("vary")) == ({ALLOW: "*"}, None)


async def test_a_star_answers_preflights_of_every_page(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": ANY})
    answer = await app.request("OPTIONS", "/", {"origin": PAGE, ASKING: "GET"})
    assert (answer.status, answer.header(ALLOW)) == (204, "*")


@pytest.mark.parametrize("settings", [LISTED, ANY])
async def test_a_handler_that_answers_for_itself_is_not_contradicted(
    serve: Server, settings: str
) -> None:
    own = 'async def get(): return {}, 200, {"Access-Control-Allow-Origin": "https://own.example"}'
    app = await serve({"routes/index.py": own, "zenith.yaml": settings})
    answer = await app.get("/", {"origin": PAGE})
    assert cors(answer) == {ALLOW: "https://own.example"}


async def test_without_origins_nothing_is_added(serve: Server) -> None:
    answer = await (await serve(INDEX)).get("/", {"origin": PAGE})
    assert (cors(answer), answer.header("vary")) == ({}, None)


async def test_two_origins_in_one_request_are_refused(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": LISTED})
    assert (await app.get("/", [("origin", PAGE), ("origin", PAGE)])).status == 400


@pytest.mark.parametrize("what", ["headers", "methods"])
async def test_a_star_beside_credentials_is_a_fault(serve: Server, what: str) -> None:
    text = f"cors: {{origins: ['{PAGE}'], credentials: true, {what}: ['*']}}\n"
    with pytest.raises(ProjectError, match=r"while cors\.credentials is true"):
        await serve({**INDEX, "zenith.yaml": text})
