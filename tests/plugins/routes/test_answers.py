"""What a route file answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.refusals import faults_of, whats
from tests.sockets import talk, texts
from zenith_server.plugins.routes.answers import FUNCTIONS

Project = Callable[[Mapping[str, str]], Path]

HELLO = "def get(): return 'hello'"


# --- the table of files and URLs ---


@pytest.mark.parametrize(
    ("file", "url", "answer"),
    [
        ("routes/index.py", "/", {}),
        ("routes/users.py", "/users", {}),
        ("routes/users/index.py", "/users", {}),
        ("routes/users/[id].py", "/users/7", {"id": "7"}),
        ("routes/users/[id]/posts.py", "/users/7/posts", {"id": "7"}),
        ("routes/files/[...path].py", "/files/a/b/c.txt", {"path": "a/b/c.txt"}),
        ("routes/(admin)/stats.py", "/stats", {}),
        ("routes/(admin)/[id]/(deep)/[...rest].py", "/7/a/b", {"id": "7", "rest": "a/b"}),
        ("routes/robots.txt.py", "/robots.txt", {}),
        ("routes/.well-known/security.txt.py", "/.well-known/security.txt", {}),
    ],
)
async def test_a_file_answers_its_url(
    serve: Server, file: str, url: str, answer: dict[str, str]
) -> None:
    parameters = ", ".join(f"{name}: str" for name in answer)
    app = await serve({file: f"def get({parameters}): return dict(locals())"})
    assert (await app.get(url)).json() == answer


@pytest.mark.parametrize("url", ["/_shared", "/shared", "/_lib/sums"])
async def test_a_private_file_is_never_a_url(serve: Server, url: str) -> None:
    files = {"routes/index.py": HELLO, "routes/_shared.py": HELLO, "routes/_lib/sums.py": HELLO}
    assert (await (await serve(files)).get(url)).status == 404


async def test_a_private_file_is_importable(serve: Server) -> None:
    files = {
        "routes/users/_shared.py": "NAME = 'ada'",
        "routes/users.py": "from routes.users._shared import NAME\ndef get(): return NAME",
        "routes/users/[id].py": "from ._shared import NAME\ndef get(id: int): return NAME",
    }
    app = await serve(files)
    assert [(await app.get(url)).json() for url in ("/users", "/users/1")] == ["ada", "ada"]


# --- functions ---


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "websocket"])
@pytest.mark.parametrize("keyword", ["def", "async def"])
async def test_a_function_answers_the_method_of_its_name(
    serve: Server, name: str, keyword: str
) -> None:
    app = await serve({"routes/index.py": f"{keyword} {name}(): return (None, 202)"})
    assert (await app.request(FUNCTIONS[name], "/")).status == 202


async def test_one_function_can_have_two_names(serve: Server) -> None:
    app = await serve({"routes/index.py": "def _save(): return 'saved'\npost = put = _save"})
    assert [(await app.request(m, "/")).json() for m in ("POST", "PUT")] == ["saved", "saved"]


async def test_a_handler_may_be_an_object_that_can_be_called(serve: Server) -> None:
    text = """
        class Greeter:
            async def __call__(self, name: str = "you"): return f"hello {name}"
        get = Greeter()
        helper = Greeter()
    """
    assert (await (await serve({"routes/index.py": text})).get("/?name=ada")).json() == "hello ada"


async def test_a_decorated_handler_is_a_handler(serve: Server) -> None:
    files = {
        "routes/_twice.py": """
            import functools
            def twice(function):
                @functools.wraps(function)
                async def call(**values): return 2 * await function(**values)
                return call
        """,
        "routes/[id].py": """
            from routes._twice import twice
            @twice
            async def get(id: int): return id
        """,
    }
    assert (await (await serve(files)).get("/21")).json() == 42


async def test_names_of_libraries_are_no_handlers(serve: Server) -> None:
    text = """
        from sqlalchemy import delete
        from unittest.mock import patch
        from decimal import Decimal
        def get(): ...
    """
    app = await serve({"routes/index.py": text})
    assert (await app.request("DELETE", "/")).header("allow") == "GET, HEAD, OPTIONS"


async def test_annotations_may_be_postponed(serve: Server) -> None:
    text = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from decimal import Decimal
        if TYPE_CHECKING:
            from collections.abc import Iterator
        def _pieces() -> Iterator[str]: ...
        def get(amount: Decimal): return amount
    """
    assert (await (await serve({"routes/index.py": text})).get("/?amount=1.50")).json() == "1.50"


# --- decorators, routers ---


async def test_decorated_functions_answer_below_the_file(serve: Server) -> None:
    text = """
        from zenith_server import route

        def get(): return "all"

        @route.get("/export")
        def export(): return "csv"

        @route("/search", methods=("GET", "QUERY"))
        @route.post("/find/{word}")
        def search(word: str = "?"): return word

        @route.delete("/{id}")
        def _drop(id: int): return id
    """
    app = await serve({"routes/reports.py": text})
    asked = {
        ("GET", "/reports"): "all",
        ("GET", "/reports/export"): "csv",
        ("GET", "/reports/search?word=a"): "a",
        ("QUERY", "/reports/search?word=a"): "a",
        ("POST", "/reports/find/b"): "b",
        ("DELETE", "/reports/7"): 7,
    }
    assert {key: (await app.request(*key)).json() for key in asked} == asked


async def test_a_decorated_function_of_another_file_is_not_answered_twice(serve: Server) -> None:
    files = {
        "routes/a.py": "from zenith_server import route\n@route.get('/x')\ndef export(): return 1",
        "routes/b.py": "from routes.a import export\ndef get(): return export()",
    }
    app = await serve(files)
    assert [(await app.get(url)).status for url in ("/a/x", "/b", "/b/x")] == [200, 200, 404]


async def test_a_router_answers_below_the_file(serve: Server) -> None:
    text = """
        from zenith_server import Router

        inner = Router("/inner")
        router = Router()
        router.include_router(inner, "/{year}")

        @inner.get("/{month}")
        def months(year: int, month: int): return [year, month]

        @router.get("/")
        async def get(): return "all"
    """
    app = await serve({"routes/reports.py": text})
    assert (await app.get("/reports/2026/inner/11")).json() == [2026, 11]
    assert (await app.get("/reports")).json() == "all"


async def test_a_router_for_websockets(serve: Server) -> None:
    text = """
        from zenith_server import Router, WebSocket
        router = Router()
        @router.websocket("/{room}")
        async def talk(ws: WebSocket, room: str):
            await ws.accept()
            await ws.send_text(room)
    """
    app = await serve({"routes/chat.py": text})
    assert texts(await talk(app.app, "/chat/kitchen")) == ["kitchen"]


async def test_an_app_may_be_imported(serve: Server) -> None:
    files = {
        "shop.py": """
            from starlette.responses import PlainTextResponse
            app = PlainTextResponse("shop")
        """,
        "routes/shop.py": "from shop import app",
    }
    assert (await (await serve(files)).get("/shop/x")).body == b"shop"


# --- what is refused ---


def refused(project: Project, text: str, file: str = "routes/index.py") -> list[str]:
    return whats(project({file: text}))


def test_a_stray_function_is_refused_with_the_method_that_was_meant(project: Project) -> None:
    (fault,) = faults_of(project({"routes/index.py": "def get(): ...\ndef pots(): ..."}))
    assert fault.what == ('"pots" is not a method that a route file answers. Did you mean "post"?')
    assert fault.where == ("routes/index.py:2",)


def test_a_method_in_capitals_is_refused_with_the_one_that_was_meant(project: Project) -> None:
    assert refused(project, "def GET(): ...") == [
        '"GET" is not a method that a route file answers. Did you mean "get"?'
    ]


@pytest.mark.parametrize("text", ["", "x = 1", "class Get: ...", "from sqlalchemy import delete"])
def test_a_file_that_answers_nothing_is_refused(project: Project, text: str) -> None:
    assert refused(project, text) == ["routes/index.py answers nothing"]


def test_a_handler_that_a_decorator_hides_is_refused_and_not_skipped(project: Project) -> None:
    files = {
        "routes/_secret.py": """
            def secret(function):
                def call(): return function()
                return call
        """,
        "routes/index.py": """
            from routes._secret import secret
            def get(): ...
            @secret
            def delete(): ...
        """,
    }
    assert whats(project(files)) == ['"delete" in routes/index.py was made in routes._secret']


def test_a_partial_as_a_handler_is_refused(project: Project) -> None:
    text = "from functools import partial\ndef _f(x): ...\nget = partial(_f, 1)"
    assert refused(project, text) == ['"get" in routes/index.py was made in functools']


@pytest.mark.parametrize("text", ["app = 7", "router = 'x'\ndef get(): ..."])
def test_an_app_that_is_none_is_refused(project: Project, text: str) -> None:
    name, kind = ("app", "int") if "app" in text else ("router", "str")
    assert refused(project, text) == [f'"{name}" in routes/index.py is a {kind}']


def test_a_zenith_object_in_a_route_file_is_refused(project: Project) -> None:
    text = "from zenith_server import Zenith\napp = Zenith()"
    assert refused(project, text) == ['"app" in routes/index.py is a Zenith']


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("routes/[id].py", "def get(): ...", "get does not take id from /{id}"),
        ("routes/[id].py", "def get(name): ...", 'Nothing supplies the parameter "name"'),
        (
            "routes/x.py",
            "class A: ...\ndef get(a: A): ...",
            'Nothing supplies the parameter "a: A"',
        ),
    ],
)
def test_a_handler_that_does_not_fit_its_url_is_refused(
    project: Project, file: str, text: str, what: str
) -> None:
    assert whats(project({file: text}))[0].startswith(what)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (("routes/users.py", "routes/users/index.py"), "Two files answer /users"),
        (("routes/(a)/users.py", "routes/(b)/users.py"), "Two files answer /users"),
        (("routes/[id].py", "routes/[name].py"), "Two files answer /{name}"),
        (("routes/index.py", "routes/(a)/index.py"), "Two files answer /"),
    ],
)
def test_two_files_of_one_url_are_refused(
    project: Project, files: tuple[str, str], what: str
) -> None:
    (fault,) = faults_of(project(dict.fromkeys(files, "def get(id=1, name=1): ...")))
    assert fault.what == what
    assert set(fault.where) == set(files)


def test_sibling_parameters_of_two_names_are_refused(project: Project) -> None:
    files = {
        "routes/users/[id].py": "def get(id: int): ...",
        "routes/users/[name]/posts.py": "def get(name: str): ...",
    }
    (fault,) = faults_of(project(files))
    assert fault.what == "/users/{id} and /users/{name}/posts name the same segment differently"
    assert fault.where == ("routes/users/[id].py:1", "routes/users/[name]/posts.py:1")


async def test_cousins_may_name_their_parameters_differently(serve: Server) -> None:
    files = {
        "routes/users/[id].py": "def get(id: int): ...",
        "routes/shops/[name].py": "def get(name: str): return name",
    }
    assert (await (await serve(files)).get("/shops/1")).json() == "1"


def test_one_url_and_method_twice_is_refused(project: Project) -> None:
    text = "from zenith_server import route\n@route.get('/{id}')\ndef one(id: int): ..."
    folder = project({"routes/users.py": text, "routes/users/[id].py": "def get(id: int): ..."})
    (fault,) = faults_of(folder)
    assert fault.what == "GET /users/{id} is defined twice"
    assert set(fault.where) == {"routes/users.py:2", "routes/users/[id].py:1"}


def test_a_url_of_a_plugin_is_refused_with_both_places(project: Project) -> None:
    (fault,) = faults_of(project({"routes/health/live.py": "def get(): ..."}))
    assert fault.what == "GET /health/live is defined twice"
    assert set(fault.where) == {"routes/health/live.py:1", "plugin health"}


def test_everything_is_told_at_once(project: Project) -> None:
    files = {
        "routes/[2].py": HELLO,
        "routes/a.py": "import zt_missing",
        "routes/b.py": "",
        "routes/c.py": "def get(x): ...",
        "routes/[id]/d.py": HELLO,
        "routes/_Middleware.py": "",
        "types.py": "",
        "services/s.py": "raise LookupError",
    }
    assert len(faults_of(project(files))) == 8
