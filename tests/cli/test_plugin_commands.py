from __future__ import annotations

import inspect

from tests.commands import Command as Run
from zenith_server.cli.plugin_commands import parsed
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.plugin import Command
from zenith_server.settings import Settings

FILES = {
    "routes/index.py": "async def get(): return 1",
    "plugins/tools.py": """
        from zenith_server import Command, Plugin, Settings
        from zenith_server.manifest import Manifest
        from zenith_server.plan import Plan

        class Tools(Plugin):
            name = "tools"

            def commands(self):
                return [Command("where", where), Command("parts", parts), Command("all", every)]

        def where(*, settings: Settings) -> str:
            return f"{settings.root.name} {settings.environment.name}"

        def parts(manifest: Manifest) -> str:
            return " ".join(file.relative for file in manifest.files)

        def every(kind: str, plan: Plan, *words: str, **more: str) -> str:
            return f"{kind} {str(plan.routes[0].pattern)} {words} {more}"
    """,
}


def test_what_the_project_has_is_not_asked_for() -> None:
    def run(name: str, settings: Settings, plan: Plan, *, loud: bool, manifest: Manifest) -> None:
        """Run."""

    call = parsed(Command("group run", run))
    assert list(inspect.signature(call).parameters) == ["name", "project", "loud", "env"]
    assert (call.__name__, call.__doc__) == ("run", "Run.")


def test_the_settings_are_given(command: Run) -> None:
    files = {f"shop/{name}": text for name, text in FILES.items()}
    ran = command("where", "--project", "shop", "--env", "staging", files=files)
    assert ran.out == "shop staging\n"


def test_the_manifest_is_given(command: Run) -> None:
    assert command("parts", files=FILES).out == "plugins/tools.py routes/index.py\n"


def test_the_plan_is_given(command: Run) -> None:
    ran = command("all", "x", "y", "--key", "value", files=FILES)
    assert ran.out == "x / ('y',) {'key': 'value'}\n"


def test_the_databases_are_given_as_the_app_says(command: Run) -> None:
    plugin = """
        from zenith_server import Command, Plugin
        from zenith_server.database.databases import Databases

        class Tools(Plugin):
            name = "tools"

            def commands(self):
                return [Command("where", where)]

        def where(*, databases: Databases) -> str:
            return databases.get().url.masked
    """
    app = "from zenith_server import Zenith\napp = Zenith()\napp.setup_database('sqlite:///a.db')"
    assert command("where", files={"plugins/tools.py": plugin, "app.py": app}).out.endswith(
        "a.db\n"
    )


def test_the_project_may_be_the_last_word(command: Run) -> None:
    files = {f"shop/{name}": text for name, text in FILES.items()}
    assert command("doctor", "./shop", "--env", "staging", files=files).code == 0


def test_an_argument_that_may_be_left_out_is_not_taken_for_the_project() -> None:
    def run(target: str = "head") -> None:
        """Run."""

    kinds = inspect.signature(parsed(Command("run", run))).parameters
    assert kinds["project"].kind is inspect.Parameter.KEYWORD_ONLY
