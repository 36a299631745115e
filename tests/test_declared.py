"""What a `Zenith()` in `app.py` declares joins what the folders declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.refusals import faults_of
from zenith_server import Zenith
from zenith_server.errors import ProjectError

Project = Callable[[Mapping[str, str]], Path]

HEAD = "from zenith_server import *\napp = Zenith()\n"
HELLO = "def get(): return 'hello'"


def app_py(text: str) -> dict[str, str]:
    lines = [line[8:] if line.startswith(" " * 8) else line for line in text.splitlines()]
    return {"app.py": HEAD + "\n".join(lines)}


async def test_routes_of_both_are_served(serve: Server) -> None:
    files = app_py("""
        @app.get("/items/{id}")
        async def item(id: int): return id

        @app.post("/items")
        def add(): return "added", 201
    """)
    app = await serve({**files, "routes/index.py": HELLO})
    assert (await app.get("/items/7")).json() == 7
    assert (await app.post("/items")).status == 201
    assert (await app.get("/")).json() == "hello"


async def test_routers_are_included_below_a_prefix(serve: Server) -> None:
    files = app_py("""
        router = Router()
        app.include_router(router, prefix="/v1")

        @router.get("/a")
        def a(): return "a"
    """)
    assert (await (await serve(files)).get("/v1/a")).json() == "a"


async def test_the_last_middleware_added_is_the_outermost(serve: Server) -> None:
    files = app_py("""
        class Sign:
            def __init__(self, app, name):
                self.app, self.name = app, name
            async def __call__(self, scope, receive, send):
                async def sign(message):
                    if message["type"] == "http.response.start":
                        message["headers"].append((b"x-seen", self.name))
                    await send(message)
                await self.app(scope, receive, sign)

        app.add_middleware(Sign, name=b"inner")
        app.add_middleware(Sign, name=b"outer")

        @app.get("/")
        def index(): ...
    """)
    headers = (await (await serve(files)).get("/")).headers
    assert [value for name, value in headers if name == "x-seen"] == ["inner", "outer"]


async def test_middleware_of_code_stands_inside_that_of_the_folder(serve: Server) -> None:
    files = app_py("""
        def add(app, name):
            async def call(scope, receive, send):
                scope["seen"] = [*scope.get("seen", ()), name]
                await app(scope, receive, send)
            return call

        app.add_middleware(add, name="code")

        @app.get("/")
        def index(request: Request): return request.scope["seen"]
    """)
    layer = """
        def middleware(app):
            async def call(scope, receive, send):
                scope["seen"] = [*scope.get("seen", ()), "folder"]
                await app(scope, receive, send)
            return call
    """
    app = await serve({**files, "middleware/1.py": layer})
    assert (await app.get("/")).json() == ["folder", "code"]


async def test_an_exception_handler_holds_for_the_whole_app(serve: Server) -> None:
    files = app_py("""
        @app.exception_handler(LookupError)
        async def missing(error: LookupError):
            return {"missing": str(error)}, 404
    """)
    app = await serve({**files, "routes/index.py": "def get(): raise IndexError('x')"})
    answer = await app.get("/")
    assert (answer.status, answer.json()) == (404, {"missing": "x"})


@pytest.mark.parametrize("kind", ["Exception", "HTTPException"])
async def test_an_exception_handler_wins_over_the_built_in_one(serve: Server, kind: str) -> None:
    files = app_py(f"""
        @app.exception_handler({kind})
        def mine(error: Exception): return "mine", 418
    """)
    error = "RuntimeError" if kind == "Exception" else "NotFound"
    route = f"from zenith_server import NotFound\ndef get(): raise {error}"
    assert (await (await serve({**files, "routes/index.py": route})).get("/")).json() == "mine"


async def test_what_is_opened_at_start_is_closed_in_reverse(
    serve: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    files = app_py("""
        from contextlib import asynccontextmanager

        @app.on_startup
        def first(): print("first starts")

        @app.on_startup
        async def second(): print("second starts")

        @app.lifespan
        async def third():
            print("third starts")
            yield
            print("third stops")

        @app.lifespan
        @asynccontextmanager
        async def fourth():
            print("fourth starts")
            yield
            print("fourth stops")

        @app.on_shutdown
        async def fifth(): print("fifth stops")
    """)
    app = await serve({**files, "routes/index.py": HELLO})
    started = capsys.readouterr().out.splitlines()
    assert started == ["first starts", "second starts", "third starts", "fourth starts"]
    await app.stop()
    assert capsys.readouterr().out.splitlines() == ["fifth stops", "fourth stops", "third stops"]
    await app.start()


async def test_a_class_of_code_can_be_a_service(serve: Server) -> None:
    files = app_py("""
        @app.add_service
        class Counter:
            value = 0

        @app.get("/")
        def index(counter: Counter):
            counter.value += 1
            return counter.value
    """)
    app = await serve(files)
    assert [(await app.get("/")).json() for _ in range(2)] == [1, 2]


async def test_an_app_is_mounted_with_its_root_path(serve: Server) -> None:
    files = app_py("""
        from starlette.responses import PlainTextResponse

        async def inner(scope, receive, send):
            await PlainTextResponse(scope["root_path"])(scope, receive, send)

        app.mount("/inner", inner)
    """)
    app = await serve({**files, "routes/inner/own.py": HELLO})
    assert (await app.get("/inner/x/y")).body == b"/inner"
    assert (await app.get("/inner/own")).json() == "hello"


async def test_an_app_mounted_at_the_root_takes_what_is_left(serve: Server) -> None:
    files = app_py("""
        from starlette.responses import PlainTextResponse
        app.mount("/", PlainTextResponse("rest"))
    """)
    app = await serve({**files, "routes/index.py": HELLO})
    assert (await app.get("/")).json() == "hello"
    assert (await app.get("/x/y")).body == b"rest"


async def test_one_object_under_two_names_is_one(serve: Server) -> None:
    app = await serve({**app_py("application = app"), "routes/index.py": HELLO})
    assert (await app.get("/")).status == 200


@pytest.mark.parametrize(("text", "number"), [("other = Zenith()", "2"), ("del app", "no")])
def test_app_py_has_exactly_one_zenith_object(project: Project, text: str, number: str) -> None:
    (fault,) = faults_of(project({**app_py(text), "routes/index.py": HELLO}))
    assert fault.what == f"app.py has {number} Zenith objects"


def test_a_conflict_names_the_line_of_a_mount(project: Project) -> None:
    text = "app.mount('/a', app.get)\napp.mount('/a', app.get)"
    fault = faults_of(project(app_py(text)))[0]
    assert fault.what == "* /a is defined twice"
    assert fault.where == ("app.py:3", "app.py:4")


def test_a_middleware_that_cannot_be_made_names_its_line(project: Project) -> None:
    text = "class Layer: ...\napp.add_middleware(Layer, depth=3)"
    (fault,) = faults_of(project(app_py(text)))
    assert fault.what == "The layer Layer cannot be put around the app"
    assert fault.where == ("app.py:4",)


@pytest.mark.parametrize(
    "add",
    [
        lambda app: app.get("/late")(print),
        lambda app: app.mount("/late", print),
        lambda app: app.add_middleware(print),
        lambda app: app.exception_handler(LookupError)(print),
        lambda app: app.lifespan(print),
        lambda app: app.on_startup(print),
        lambda app: app.on_shutdown(print),
        lambda app: app.add_service(dict),
    ],
)
def test_nothing_is_added_silently_after_the_app_is_built(add: Callable[[Zenith], object]) -> None:
    app = Zenith()
    app.collect()
    with pytest.raises(ProjectError, match="too late"):
        add(app)


async def test_a_route_added_while_the_app_runs_is_an_error_that_says_so(serve: Server) -> None:
    files = app_py("""
        @app.get("/")
        async def index():
            app.get("/late")(lambda: 1)
    """)
    app = await serve(files, environment="development")
    answer = await app.get("/")
    assert answer.status == 500
    assert "GET /late comes too late" in answer.json()["detail"]
