"""`app = Zenith()` is an ASGI app of its own, with the folders beside its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served
from zenith_server import Zenith
from zenith_server.errors import ProjectError
from zenith_server.load import take_back_variables
from zenith_server.protocol import Message

Project = Callable[[Mapping[str, str]], Path]

MAIN = """
    from zenith_server import Zenith

    app = Zenith()

    @app.get("/")
    async def index(): return "hello"
"""


@pytest.fixture(autouse=True)
def test_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ZENITH_ENV", "test")
    yield
    take_back_variables()


def app_of(file: Path) -> Any:
    """Import a file as any ASGI server would, and return its app."""
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


async def start(app: Any) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_three_lines_are_an_app(project: Project) -> None:
    app = await Served(app_of(project({"main.py": MAIN}) / "main.py")).start()
    assert (await app.get("/")).json() == "hello"
    await app.stop()


async def test_an_app_without_a_lifespan_answers_too(project: Project) -> None:
    app = Served(app_of(project({"main.py": MAIN}) / "main.py"))
    assert [(await app.get("/")).json() for _ in range(2)] == ["hello", "hello"]


async def test_the_folders_beside_its_file_are_served_with_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project({"main.py": MAIN, "routes/users.py": "def get(): return 'users'"})
    monkeypatch.chdir(tmp_path)
    app = Served(app_of(folder / "main.py"))
    assert (await app.get("/users")).json() == "users"


async def test_an_app_in_app_py_declares_its_routes_once(project: Project) -> None:
    app = Served(app_of(project({"app.py": MAIN}) / "app.py"))
    assert (await app.get("/")).json() == "hello"


async def test_a_folder_can_be_named(project: Project) -> None:
    app = Served(Zenith(project({"routes/index.py": "def get(): return 'named'"})))
    assert (await app.get("/")).json() == "named"


def test_the_folder_is_that_of_the_file_that_makes_the_object() -> None:
    assert Zenith().project == Path(__file__).parent


def test_without_a_file_it_is_the_current_directory() -> None:
    found: dict[str, Any] = {"Zenith": Zenith, "__name__": "console"}
    exec("app = Zenith()", found)
    assert found["app"].project == Path.cwd()


async def test_a_project_that_cannot_be_served_stops_the_start(project: Project) -> None:
    app = app_of(project({"main.py": MAIN, "routes/users.py": ""}) / "main.py")
    (message,) = await start(app)
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].startswith("routes/users.py answers nothing")


async def test_a_project_that_cannot_be_served_answers_nothing(project: Project) -> None:
    app = Served(app_of(project({"main.py": MAIN, "routes/users.py": ""}) / "main.py"))
    with pytest.raises(ProjectError, match="answers nothing"):
        await app.get("/")


async def test_a_hook_that_fails_stops_the_start(project: Project) -> None:
    text = MAIN + "\n    @app.on_startup\n    def connect(): raise OSError('no route')\n"
    (message,) = await start(app_of(project({"main.py": text}) / "main.py"))
    assert message["message"] == "connect did not start: no route"


async def test_a_route_added_after_the_first_request_is_an_error(project: Project) -> None:
    app = app_of(project({"main.py": MAIN}) / "main.py")
    await Served(app).get("/")
    with pytest.raises(ProjectError, match="GET /late comes too late"):
        app.get("/late")(print)


async def test_the_next_app_reads_its_own_variables(tmp_path: Path, project: Project) -> None:
    text = """
        import os
        from zenith_server import Zenith
        app = Zenith()
        @app.get("/")
        def index(): return os.environ["ZT_WHO"]
    """
    for name in ("one", "two"):
        folder = project({f"{name}/main.py": text, f"{name}/.env": f"ZT_WHO={name}\n"}) / name
        assert (await Served(app_of(folder / "main.py")).get("/")).json() == name
