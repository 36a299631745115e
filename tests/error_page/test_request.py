from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zenith_server.error_page.request import Asked, asked
from zenith_server.error_page.veil import Veil
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.names import template
from zenith_server.plan import Origin, Route


async def get() -> None: ...


def told(url: str, pattern: str = "/", method: str = "GET", **more: Any) -> Asked:
    path, _, query = url.partition("?")
    endpoint = SimpleNamespace(pattern=template(pattern))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"authorization", b"Bearer abc"), (b"accept", b"*/*")],
        EXCHANGE: Exchange(0.0, endpoint=endpoint),
        "request_id": "7-1",
        **more,
    }
    routes = [Route(template(pattern), "GET", get, Origin("routes/index.py", 3))]
    return asked(scope, routes, Veil())


def test_a_request_is_told_with_its_route_and_the_place_of_its_handler() -> None:
    found = told("/tea", "/{slug}")
    assert (found.line, found.route, found.origin) == ("GET /tea", "/{slug}", "routes/index.py:3")
    assert (found.identity, found.path) == ("7-1", (("slug", "tea"),))


def test_names_of_secrets_have_no_value() -> None:
    found = told("/?token=abc&page=2")
    assert found.line == "GET /?token=***&page=2"
    assert found.query == (("token", "***"), ("page", "2"))
    assert found.headers == (("authorization", "***"), ("accept", "*/*"))


@pytest.mark.parametrize(
    ("url", "pattern", "path"),
    [
        ("/a/b/c", "/a/{rest:path}", (("rest", "b/c"),)),
        ("/users/1/posts/2", "/users/{id}/posts/{post}", (("id", "1"), ("post", "2"))),
        ("/", "/{one}/{two}", (("one", ""),)),
    ],
)
def test_parameters_of_the_path_are_told(url: str, pattern: str, path: Any) -> None:
    assert told(url, pattern).path == path


def test_what_stands_above_the_app_is_no_parameter() -> None:
    assert told("/api/tea", "/{slug}", root_path="/api").path == (("slug", "tea"),)


def test_head_is_answered_by_the_handler_of_get() -> None:
    assert told("/", method="HEAD").origin == "routes/index.py:3"


def test_what_no_route_was_found_for_is_told_without_one() -> None:
    found = asked({"path": "/", EXCHANGE: Exchange(0.0)}, [], Veil())
    assert (found.route, found.origin, found.path) == ("", "", ())
