from __future__ import annotations

from tests.commands import HELLO, Command
from zenith_server.builtin import WITH_COMMANDS, built_in, with_commands
from zenith_server.cli.commands import application

GREETING = {
    "plugins/greeting.py": """
    from zenith_server import Command, Plugin

    class Greeting(Plugin):
        \"\"\"Greets people.\"\"\"

        name = "greeting"

        def commands(self):
            return [Command("greet", greet), Command("mail send", send), Command("check", greet)]

    def greet(name: str) -> str:
        \"\"\"Greet somebody.\"\"\"
        return f"hello {name}"

    def send() -> str:
        return "sent"
    """,
}


def test_a_word_that_resembles_a_command_gets_a_suggestion(command: Command) -> None:
    ran = command("ruotes", files=HELLO)
    first = '"ruotes" is neither a command nor a folder. Did you mean "routes"?'
    assert (ran.code, ran.err.splitlines()[0]) == (2, first)


def test_a_word_that_resembles_none_is_a_missing_folder(command: Command) -> None:
    ran = command("shop")
    assert (ran.code, ran.err.splitlines()[0][:18]) == (1, "There is no folder")


def test_a_word_with_arguments_was_meant_to_be_a_command(command: Command) -> None:
    ran = command("shop", "open")
    first = '"shop" is neither a command nor a folder.'
    assert (ran.code, ran.err.splitlines()[0]) == (2, first)


def test_a_folder_named_almost_like_a_command_is_a_folder(command: Command) -> None:
    ran = command("route", "--port", "many", files={"route/routes/index.py": ""})
    assert "Invalid value for --port" in ran.err


def test_a_misspelt_command_of_a_group_gets_a_suggestion(command: Command) -> None:
    ran = command("db", "histroy")
    assert ran.code == 2
    assert 'Did you mean "history"?' in ran.err


def test_the_plugins_of_the_current_folder_have_commands(command: Command) -> None:
    assert command("greet", "Ann", files=GREETING).out == "hello Ann\n"
    assert command("mail", "send").out == "sent\n"


def test_the_plugins_of_a_named_project_have_commands(command: Command) -> None:
    files = {f"shop/{name}": text for name, text in GREETING.items()}
    assert command("greet", "Ann", "--project", "shop", files=files).out == "hello Ann\n"
    assert command("greet", "Ann", "--project=shop").out == "hello Ann\n"


def test_a_misspelt_command_of_a_plugin_gets_a_suggestion(command: Command) -> None:
    assert 'Did you mean "greet"?' in command("gret", "Ann", files=GREETING).err


def test_a_plugin_cannot_replace_a_command(command: Command) -> None:
    assert command("check", files={**HELLO, **GREETING}).out.endswith("no faults\n")


def test_help_lists_the_commands_of_the_project(command: Command) -> None:
    out = command("--help", files=GREETING).out
    assert "greet: Greet somebody." in out
    assert "mail: Greets people." in out


def test_help_says_when_the_commands_of_the_project_are_missing(command: Command) -> None:
    ran = command("--help", files={"plugins/broken.py": "import nowhere_at_all"})
    missing = "Commands of the project's plugins are missing: plugins/broken.py cannot be imported."
    assert ran.code == 0
    assert missing in " ".join(ran.out.split())


def test_a_command_of_a_broken_plugin_says_what_is_broken(command: Command) -> None:
    ran = command("greet", "Ann", files={"plugins/broken.py": "import nowhere_at_all"})
    assert (ran.code, ran.err.splitlines()[0]) == (1, "plugins/broken.py cannot be imported")


def test_every_built_in_plugin_with_commands_is_known_without_a_project() -> None:
    named = {type(plugin) for plugin in built_in() if tuple(plugin.commands())}
    assert {type(plugin) for plugin in with_commands()} == named
    assert len(WITH_COMMANDS) == len(named)


def test_each_command_and_each_option_has_a_help_text(command: Command) -> None:
    app = application([])
    groups = {"": app, "db": app["db"]}
    names = [f"{group} {name}".split() for group, within in groups.items() for name in within]
    helps = {
        " ".join(words): command(*words, "--help").out for words in names if words[0][0] != "-"
    }
    for name, text in helps.items():
        items = [line for line in text.splitlines() if line.startswith("  ")]
        assert [line for line in items if ": " not in line] == [], name


def test_no_words_serve_the_current_folder(command: Command) -> None:
    ran = command()
    assert (ran.code, ran.err.splitlines()[0][:28]) == (1, "There is nothing to serve in")
