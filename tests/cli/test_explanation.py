from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import Command
from tests.projects import write_project
from zenith_server.cli.explanation import Explanation, code_of, explain
from zenith_server.cli.findings import find

FILES = {
    "routes/items/[id].py": """
        from services.stock import Stock
        from zenith_server import Depends, Request

        def _user(request: Request) -> str: return "ann"

        async def get(id: int, stock: Stock, page: int = 1, user: str = Depends(_user)): return id

        async def put(id: int, changes: dict): return id
    """,
    "routes/files/[...path].py": "async def get(path: str): return path",
    "routes/legacy.py": "from services.stock import legacy as app",
    "routes/(admin)/stats.py": "async def get(): return 1",
    "routes/(admin)/_middleware.py": """
        async def before(): ...

        def middleware(app): return app
    """,
    "services/stock.py": """
        class Stock: ...

        async def legacy(scope, receive, send): ...
    """,
}


@pytest.fixture
def explained(command: Command, tmp_path: Path) -> object:
    def ask(url: str, method: str = "GET", files: Mapping[str, str] | None = None) -> Explanation:
        write_project(tmp_path, files or FILES)
        return explain(find(tmp_path, "test"), url, method)

    return ask


class Ask:
    def __call__(
        self, url: str, method: str = "GET", files: Mapping[str, str] | None = None
    ) -> Explanation: ...


def test_a_url_without_its_first_slash_is_meant_from_the_root(explained: Ask) -> None:
    found = explained("items/7")
    assert (found.request, found.values) == ("GET /items/7", {"id": 7})


def test_it_says_where_each_parameter_comes_from(explained: Ask) -> None:
    found = explained("/items/7?page=2")
    assert (found.status, found.values) == (200, {"id": 7})
    assert found.parameters == (
        "id: from the path 'id'",
        "stock: from services/stock.py:1",
        "page: from the query 'page'",
        "user: from _user",
    )


def test_a_body_has_no_name(explained: Ask) -> None:
    assert "changes: from the body" in explained("/items/7", "PUT").parameters


def test_a_value_that_does_not_fit_is_another_url(explained: Ask) -> None:
    found = explained("/items/seven")
    assert found.status == 404
    assert found.why.startswith('id is "seven", which does not fit the handler: ')


def test_a_method_that_nobody_takes_lists_those_that_are(explained: Ask) -> None:
    found = explained("/items/7", "POST")
    assert found.status == 405
    assert found.why == (
        "/items/{id} in routes/items/[id].py takes GET, HEAD, OPTIONS, PUT, not POST."
    )


def test_options_and_head_are_answered_everywhere(explained: Ask) -> None:
    assert explained("/items/7", "OPTIONS").status == 204
    assert explained("/items/7", "HEAD").why == "get in routes/items/[id].py:6 answers."


def test_layers_and_guards_are_listed_outermost_first(explained: Ask) -> None:
    layers = explained("/stats").layers
    assert layers[-2:] == ("routes/(admin)/_middleware.py", "routes/(admin)/_middleware.py:1")
    assert layers.index("request_id") < len(layers) - 2


def test_health_is_answered_before_every_layer(explained: Ask) -> None:
    found = explained("/health/live")
    assert (found.status, found.layers) == (200, ())
    assert found.steps[0].note == "answered before every layer"


def test_an_app_in_a_file_takes_all_methods(explained: Ask) -> None:
    assert explained("/legacy/any/where", "PATCH").status == 200


@pytest.mark.parametrize("url", ["/files/../secret", "/files/%2e%2e/secret", "/files/%ff"])
def test_what_the_server_refuses_is_refused_here(explained: Ask, url: str) -> None:
    assert explained(url).status == 400


def test_encoded_values_are_decoded(explained: Ask) -> None:
    assert explained("/files/a%20b/c").values == {"path": "a b/c"}


def test_nothing_is_explained_with_what_is_near(explained: Ask) -> None:
    found = explained("/items")
    assert (found.status, found.nearest) == (404, ("/items/{id}",))


def test_a_handler_that_is_broken_is_told(explained: Ask) -> None:
    broken = {"routes/items/[id].py": "async def get(other: int): return 1"}
    found = explained("/items/7", files={**FILES, **broken})
    assert found.status == 500
    assert found.why.startswith("The file is broken: ")


def test_code_is_there_for_handlers_only(explained: Ask, tmp_path: Path) -> None:
    explained("/items/7")
    findings = find(tmp_path, "test")
    assert "get(id" in (code_of(findings, "/items/7", "GET") or "")
    assert code_of(findings, "/legacy", "GET") is None
    assert code_of(findings, "/nowhere", "GET") is None
