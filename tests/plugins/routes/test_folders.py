"""`_middleware.py` and `_errors.py` hold for the files of their folder and below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.refusals import faults_of, whats
from tests.sockets import talk, texts

Project = Callable[[Mapping[str, str]], Path]

HELLO = "def get(): return 'hello'"
KEY = """
    from typing import Annotated
    from zenith_server import Forbidden, Header

    async def before(key: Annotated[str, Header()] = ""):
        if key != "open":
            raise Forbidden("staff only")
"""


# --- guards ---


async def test_a_guard_holds_for_its_folder_and_below_and_nowhere_else(serve: Server) -> None:
    files = {
        "routes/(staff)/_middleware.py": KEY,
        "routes/(staff)/stats.py": HELLO,
        "routes/(staff)/deep/deeper.py": HELLO,
        "routes/open.py": HELLO,
    }
    app = await serve(files)
    urls = ("/stats", "/deep/deeper", "/open")
    assert [(await app.get(url)).status for url in urls] == [403, 403, 200]
    assert [(await app.get(url, {"key": "open"})).status for url in urls] == [200, 200, 200]


@pytest.mark.parametrize("url", ["/%73tats", "/stats/", "/stats?x=1", "/x/../stats", "//stats"])
async def test_no_other_spelling_of_a_url_gets_around_a_guard(serve: Server, url: str) -> None:
    app = await serve({"routes/(staff)/_middleware.py": KEY, "routes/(staff)/stats.py": HELLO})
    assert (await app.get(url)).status in {308, 403, 404}


@pytest.mark.parametrize("method", ["HEAD", "POST"])
async def test_a_guard_holds_for_every_method(serve: Server, method: str) -> None:
    handlers = "def get(): ...\ndef post(): ..."
    app = await serve({"routes/_middleware.py": KEY, "routes/index.py": handlers})
    assert (await app.request(method, "/")).status == 403


async def test_a_guard_holds_for_decorated_functions_and_routers(serve: Server) -> None:
    text = """
        from zenith_server import Router, route
        router = Router()
        @router.get("/routed")
        def routed(): ...
        @route.get("/decorated")
        def decorated(): ...
    """
    app = await serve({"routes/_middleware.py": KEY, "routes/index.py": text})
    assert [(await app.get(url)).status for url in ("/routed", "/decorated")] == [403, 403]


async def test_a_guard_holds_for_mounted_apps(serve: Server) -> None:
    text = """
        async def app(scope, receive, send):
            if scope["type"] == "websocket":
                await send({"type": "websocket.accept"})
            else:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b""})
    """
    app = await serve({"routes/_middleware.py": KEY, "routes/docs.py": text})
    assert [(await app.get(url)).status for url in ("/docs", "/docs/a")] == [403, 403]
    assert (await app.get("/docs/a", {"key": "open"})).status == 200
    assert (await talk(app.app, "/docs/live"))[0]["status"] == 403


async def test_guards_run_from_root_to_leaf(serve: Server) -> None:
    def guard(letter: str) -> str:
        return f"from routes._seen import seen\ndef before(): seen.append('{letter}')"

    files = {
        "routes/_seen.py": "seen = []",
        "routes/_middleware.py": guard("a"),
        "routes/x/_middleware.py": guard("b"),
        "routes/x/(y)/_middleware.py": guard("c"),
        "routes/x/(y)/z.py": "from routes._seen import seen\ndef get(): return seen",
    }
    assert (await (await serve(files)).get("/x/z")).json() == ["a", "b", "c"]


async def test_several_guards_of_one_file_run_in_their_order(serve: Server) -> None:
    guard = """
        from routes._seen import seen
        def first(): seen.append(1)
        async def second(): seen.append(2)
        before = [first, second]
    """
    files = {
        "routes/_seen.py": "seen = []",
        "routes/_middleware.py": guard,
        "routes/index.py": "from routes._seen import seen\ndef get(): return seen",
    }
    assert (await (await serve(files)).get("/")).json() == [1, 2]


async def test_a_guard_takes_path_values_services_and_settings(serve: Server) -> None:
    guard = """
        from services.clock import Clock
        from zenith_server import Conflict, Settings
        def before(org: str, clock: Clock, settings: Settings):
            raise Conflict(f"{org} {clock.now} {settings.environment.name}")
    """
    files = {
        "services/clock.py": "class Clock:\n    now = 'noon'",
        "routes/[org]/_middleware.py": guard,
        "routes/[org]/index.py": "def get(org: str): ...",
    }
    assert (await (await serve(files)).get("/acme")).json()["detail"] == "acme noon test"


async def test_a_guard_that_takes_a_path_value_takes_it_for_its_handlers_too(
    serve: Server,
) -> None:
    files = {
        "routes/[org]/_middleware.py": "def before(org: str): ...",
        "routes/[org]/index.py": HELLO,
    }
    assert (await (await serve(files)).get("/acme")).json() == "hello"


# --- layers ---


async def test_layers_stand_from_root_to_leaf(serve: Server) -> None:
    def layer(letter: str) -> str:
        return f"""
            async def middleware(request, call_next):
                response = await call_next(request)
                response.headers["x-seen"] = response.headers.get("x-seen", "") + "{letter}"
                return response
        """

    files = {
        "routes/_middleware.py": layer("a"),
        "routes/x/_middleware.py": layer("b"),
        "routes/x/y.py": HELLO,
        "routes/z.py": HELLO,
    }
    app = await serve(files)
    assert (await app.get("/x/y")).header("x-seen") == "ba"
    assert (await app.get("/z")).header("x-seen") == "a"


async def test_a_layer_of_a_folder_can_be_an_asgi_class_with_options(serve: Server) -> None:
    layer = """
        from starlette.middleware import Middleware

        class Stop:
            def __init__(self, app, status):
                self.status = status
            async def __call__(self, scope, receive, send):
                start = {"type": "http.response.start", "status": self.status, "headers": []}
                await send(start)
                await send({"type": "http.response.body", "body": b""})

        middleware = [Middleware(Stop, status=418)]
    """
    app = await serve({"routes/_middleware.py": layer, "routes/[id].py": "def get(id: int): ..."})
    assert (await app.get("/7")).status == 418


async def test_values_pass_a_layer_that_copies_the_scope(serve: Server) -> None:
    layer = """
        def middleware(app):
            async def copy(scope, receive, send):
                await app(dict(scope), receive, send)
            return copy
    """
    files = {"routes/_middleware.py": layer, "routes/[id].py": "def get(id: int): return id"}
    assert (await (await serve(files)).get("/7")).json() == 7


def test_a_layer_that_sees_no_websockets_is_refused_where_there_is_one(project: Project) -> None:
    files = {
        "routes/(in)/_middleware.py": "async def middleware(request, call_next): ...",
        "routes/(in)/live.py": "from zenith_server import WebSocket\n"
        "async def websocket(ws: WebSocket): ...",
    }
    (fault,) = faults_of(project(files))
    assert (
        fault.what == "routes/(in)/_middleware.py does not see the WebSocket in routes/(in)/live.py"
    )
    assert fault.where == ("routes/(in)/_middleware.py:1", "routes/(in)/live.py:2")


async def test_a_layer_that_sees_websockets_may_stand_around_one(serve: Server) -> None:
    files = {
        "routes/_middleware.py": "def middleware(app):\n    return app",
        "routes/live.py": """
            from zenith_server import WebSocket
            async def websocket(ws: WebSocket):
                await ws.accept()
                await ws.send_text("hi")
        """,
    }
    assert texts(await talk((await serve(files)).app, "/live")) == ["hi"]


# --- errors ---


def raises(name: str) -> str:
    return f"def get(): raise {name}('x')"


def maps(kind: str, word: str, status: int = 418) -> str:
    return f"def mapped(error: {kind}): return '{word}', {status}"


async def test_the_nearest_folder_maps_an_exception(serve: Server) -> None:
    files = {
        "routes/_errors.py": maps("LookupError", "root"),
        "routes/x/_errors.py": maps("LookupError", "leaf"),
        "routes/x/y.py": raises("KeyError"),
        "routes/z.py": raises("KeyError"),
    }
    app = await serve(files)
    answers = [await app.get(url) for url in ("/x/y", "/z")]
    assert [(a.status, a.json()) for a in answers] == [(418, "leaf"), (418, "root")]


async def test_a_mapping_holds_for_guards_and_layers_of_its_folder(serve: Server) -> None:
    files = {
        "routes/_errors.py": maps("LookupError", "mapped"),
        "routes/_middleware.py": "def before(): raise LookupError",
        "routes/index.py": HELLO,
    }
    assert (await (await serve(files)).get("/")).json() == "mapped"


async def test_a_mapping_takes_what_a_handler_takes(serve: Server) -> None:
    text = """
        from zenith_server import Request
        async def mapped(error: KeyError | IndexError, request: Request) -> tuple[str, int]:
            return f"{error.args[0]} at {request.url.path}", 404
        def _private(x): ...
    """
    app = await serve({"routes/_errors.py": text, "routes/x.py": raises("IndexError")})
    answer = await app.get("/x")
    assert (answer.status, answer.json()) == (404, "x at /x")


async def test_a_mapping_of_everything_leaves_a_404_alone(serve: Server) -> None:
    files = {
        "routes/_errors.py": maps("Exception", "oops", 500),
        "routes/x.py": "from zenith_server import NotFound\ndef get(): raise NotFound",
        "routes/y.py": raises("RuntimeError"),
    }
    app = await serve(files)
    assert (await app.get("/x")).status == 404
    assert (await app.get("/y")).json() == "oops"


# --- what is refused ---


@pytest.mark.parametrize("text", ["def before(): ...\nraise LookupError", "import zt_missing"])
def test_a_folder_whose_guard_fails_to_import_is_never_served(project: Project, text: str) -> None:
    folder = project({"routes/_middleware.py": text, "routes/index.py": HELLO})
    assert whats(folder) == ["routes/_middleware.py cannot be imported"]


@pytest.mark.parametrize("text", ["", "before = None", "before = [print, 7]", "def check(): ..."])
def test_a_guard_that_guards_nothing_is_refused(project: Project, text: str) -> None:
    folder = project({"routes/_middleware.py": text, "routes/index.py": HELLO})
    assert whats(folder) == ["routes/_middleware.py guards nothing"]


def test_a_layer_that_is_none_is_refused(project: Project) -> None:
    folder = project({"routes/_middleware.py": "middleware = 7", "routes/index.py": HELLO})
    assert whats(folder) == ["routes/_middleware.py has a `middleware` that is none"]


@pytest.mark.parametrize(
    "text", ["def late(): ...", "def late(error): ...", "def late(error: int): ..."]
)
def test_a_mapping_of_no_exception_is_refused(project: Project, text: str) -> None:
    folder = project({"routes/_errors.py": text, "routes/index.py": HELLO})
    assert whats(folder) == ['"late" does not say which exception it maps']


def test_a_mapping_whose_exception_is_imported_for_the_type_checker_only_is_refused(
    project: Project,
) -> None:
    text = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from decimal import InvalidOperation
        def sums(error: InvalidOperation): ...
    """
    (fault,) = faults_of(project({"routes/_errors.py": text, "routes/index.py": HELLO}))
    assert "cannot be resolved: name 'InvalidOperation' is not defined" in fault.what
    assert fault.where == ("routes/_errors.py:5",)
