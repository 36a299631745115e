"""Settings → manifest → plan → app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.projects import write_project
from tests.refusals import faults_of, whats
from tests.sockets import ending, talk
from zenith_server.boot import boot, plugins_of, prepare
from zenith_server.environment import Environment
from zenith_server.errors import ProjectError
from zenith_server.load import take_back_variables
from zenith_server.presets import PRESETS
from zenith_server.settings import Settings, read_settings

Project = Callable[[Mapping[str, str]], Path]

HELLO = {"routes/index.py": "def get(): return 'hello'"}
VERSION = """
    from zenith_server import Draft, Plugin

    class Version(Plugin):
        name = "version"

        def setup(self, draft: Draft) -> None:
            draft.route("GET", "/version", lambda: {"version": 1})
            draft.hook(self.name, headers=[(b"x-version", b"1")])
            draft.check(self.name, self.check)
            draft.service(Clock)
            draft.on_error(LookupError, self.missing)
            draft.fact("version", lambda: "1")
            draft.prepare("greeting", self.greet)

        async def check(self) -> str:
            return "well"

        async def missing(self, error: LookupError) -> tuple[str, int]:
            return "missing", 404

        async def greet(self) -> str:
            return "said hello"

    class Clock:
        now = "noon"
"""


def settings_of(folder: Path) -> Settings:
    environment = Environment("test", "from the test")
    return read_settings(folder, environment=environment, environ={})


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    take_back_variables()


# --- plugins of the project ---


async def test_a_plugin_adds_a_route_a_hook_a_check_a_service_and_a_mapping(
    serve: Server,
) -> None:
    route = """
        from plugins.version import Clock
        def get(clock: Clock): return clock.now
        def post(): raise KeyError
    """
    app = await serve({"plugins/version.py": VERSION, "routes/index.py": route})
    assert (await app.get("/version")).json() == {"version": 1}
    answer = await app.get("/")
    assert (answer.json(), answer.header("x-version")) == ("noon", "1")
    assert (await app.post("/")).json() == "missing"
    assert (await app.get("/health")).json()["checks"]["version"]["status"] == "pass"


async def test_a_plugin_has_conventions_of_its_own(serve: Server) -> None:
    text = """
        from zenith_server import Convention, Draft, Plugin
        class Jokes(Plugin):
            name = "jokes"
            def conventions(self):
                return [Convention("joke", "jokes", "*.txt")]
            def setup(self, draft: Draft) -> None:
                names = [file.relative for file in draft.files("joke")]
                draft.route("GET", "/jokes", lambda: names)
    """
    app = await serve({"plugins/jokes.py": text, "jokes/10.txt": "", "jokes/2.txt": ""})
    assert (await app.get("/jokes")).json() == ["jokes/2.txt", "jokes/10.txt"]


async def test_a_project_may_be_all_plugin(serve: Server) -> None:
    assert (await (await serve({"plugins/version.py": VERSION})).get("/version")).status == 200


def test_plugins_of_the_project_run_behind_the_built_in_ones(project: Project) -> None:
    folder = project({**HELLO, "plugins/version.py": VERSION})
    names = [plugin.name for plugin in plugins_of(settings_of(folder))]
    assert names.index("errors") < names.index("version") < names.index("app")


def test_a_plugin_can_wait_for_another(project: Project) -> None:
    def text(name: str, behind: str) -> str:
        return (
            "from zenith_server import Plugin\n"
            f"class P(Plugin):\n    name = '{name}'\n    after = ('{behind}',)"
        )

    folder = project({**HELLO, "plugins/a.py": text("a", "b"), "plugins/b.py": text("b", "routes")})
    names = [plugin.name for plugin in plugins_of(settings_of(folder))]
    assert names.index("routes") < names.index("b") < names.index("a")


def test_plugins_that_cannot_be_had_are_told_together(project: Project) -> None:
    files = {"plugins/a.py": "raise LookupError", "plugins/b.py": "", "plugins/c.py": VERSION}
    assert whats(project({**HELLO, **files})) == [
        "plugins/a.py cannot be imported",
        "plugins/b.py has no plugin",
    ]


def test_a_private_file_is_no_plugin(project: Project) -> None:
    boot(settings_of(project({**HELLO, "plugins/_shared.py": "x = 1"})))


def test_what_goes_wrong_in_a_plugin_is_told_with_the_rest(project: Project) -> None:
    text = """
        from zenith_server import Plugin
        class P(Plugin):
            name = "p"
            def setup(self, draft):
                draft.route("GET", "/a b", print)
    """
    found = whats(project({"plugins/p.py": text, "routes/index.py": ""}))
    assert set(found) == {'"a b" is not a URL segment', "routes/index.py answers nothing"}


async def test_a_hook_that_answers_keeps_requests_and_websockets_from_the_handler(
    serve: Server,
) -> None:
    text = """
        from zenith_server import Plugin
        from zenith_server.reply import reply
        class Closed(Plugin):
            name = "closed"
            def setup(self, draft):
                draft.hook(self.name, start=lambda scope: reply(503, []))
    """
    live = "from zenith_server import WebSocket\nasync def websocket(ws: WebSocket): ..."
    app = await serve({**HELLO, "plugins/closed.py": text, "routes/live.py": live})
    assert (await app.get("/")).status == 503
    assert ending(await talk(app.app, "/live"))[0] == 1008


# --- plugins of packages ---


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with a plugin, as far as Python can tell."""
    site = write_project(
        tmp_path / "site",
        {
            "zt_greet.py": """
                from zenith_server import Plugin
                class Greet(Plugin):
                    name = "greet"
                    def setup(self, draft):
                        draft.route("GET", "/greet", lambda: "hello")
            """,
            "zt_greet-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: zt-greet\nVersion: 1\n",
            "zt_greet-1.dist-info/entry_points.txt": """
                [zenith_server.plugins]
                greet = zt_greet:Greet
            """,
        },
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "zt_greet", raising=False)


@pytest.mark.usefixtures("package")
async def test_a_plugin_of_a_package_runs_when_the_settings_name_it(serve: Server) -> None:
    app = await serve({**HELLO, "zenith.yaml": "plugins: [greet]"})
    assert (await app.get("/greet")).json() == "hello"


@pytest.mark.usefixtures("package")
async def test_a_plugin_of_a_package_does_not_run_by_itself(serve: Server) -> None:
    assert (await (await serve(HELLO)).get("/greet")).status == 404


@pytest.mark.usefixtures("package")
def test_a_plugin_that_no_package_has_is_refused_with_the_one_that_was_meant(
    project: Project,
) -> None:
    (fault,) = faults_of(project({**HELLO, "zenith.yaml": "plugins: [great]"}))
    assert fault.what == 'There is no plugin "great". Did you mean "greet"?'


def test_without_any_plugin_installed_the_message_says_so(project: Project) -> None:
    (fault,) = faults_of(project({**HELLO, "zenith.yaml": "plugins: [great]"}))
    assert fault.why.startswith("Installed plugins: none")


# --- the rest ---


def test_an_empty_folder_is_refused_with_what_was_looked_for(project: Project) -> None:
    (fault,) = faults_of(project({"README.md": "", "notes.py": ""}))
    assert fault.what.startswith("There is nothing to serve in ")
    assert fault.where == ("notes.py: no convention looks here",)
    assert "routes/*.py  one file per URL" in fault.why


def test_preparations_run_once_and_give_rows_for_the_banner(project: Project) -> None:
    rows = prepare(settings_of(project({**HELLO, "plugins/version.py": VERSION})))
    assert ("greeting", "said hello") in rows


def test_nothing_is_prepared_for_a_project_that_cannot_be_served(project: Project) -> None:
    folder = project({"plugins/version.py": VERSION, "routes/[id].py": "def get(): ..."})
    with pytest.raises(ProjectError, match="does not take id"):
        prepare(settings_of(folder))


def test_a_layer_can_be_switched_off_by_its_name(project: Project) -> None:
    folder = project({**HELLO, "zenith.yaml": "layers: {request_id: false}"})
    assert "request_id" not in {plugin.name for plugin in plugins_of(settings_of(folder))}


async def test_a_project_answers_without_a_single_hook(serve: Server) -> None:
    off = [f"  {row.layer}: false\n" for row in PRESETS]
    route = """
        from zenith_server import Conflict
        def get(): return 'hello'
        def put(): raise Conflict
        async def post(body: dict): ...
        async def delete():
            while True:
                yield "more"
    """
    files = {"routes/index.py": route, "zenith.yaml": "".join(["layers:\n", *off])}
    app = await serve(files)
    asked = [("GET", "/", 200), ("GET", "/x", 404), ("PUT", "/", 409), ("HEAD", "/", 200)]
    for method, url, status in asked:
        assert (await app.request(method, url)).status == status
    assert (await app.request("POST", "/", body=[b"{"], leaves=True)).messages == []


async def test_the_variables_of_dotenv_files_are_there_for_the_projects_code(
    serve: Server,
) -> None:
    files = {"routes/index.py": "import os\ndef get(): return os.environ['ZT_COLOUR']"}
    app = await serve({**files, ".env": "ZT_COLOUR=blue\n"})
    assert (await app.get("/")).json() == "blue"
