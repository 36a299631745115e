from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import HELLO, Command
from tests.processes import environment
from zenith_server.cli import main

PLUGIN = """
    from zenith_server import Command, Plugin

    class Tools(Plugin):
        name = "tools"

        def commands(self):
            return [
                Command("fail", fail), Command("number", number), Command("text", text),
                Command("late", late), Command("wide", wide),
            ]

    def fail():
        import json
        json.loads("{")

    def number() -> int:
        return 7

    def text() -> str:
        return "a text"

    async def late() -> str:
        return "a late text"

    def wide():
        for number in range(100_000):
            print(number)
"""
TOOLS = {"plugins/tools.py": PLUGIN}


def test_an_unknown_option_is_a_usage_error_with_a_suggestion(command: Command) -> None:
    ran = command(".", "--prot", "1", files=HELLO)
    assert (ran.code, ran.out) == (main.USAGE, "")
    assert "Did you mean --port?" in ran.err
    assert ran.err.endswith("\n\nSee zenith-server --help.\n")


def test_words_that_are_too_many_are_named(command: Command) -> None:
    ran = command("check", ".", "more", "words", files=HELLO)
    assert (ran.code, ran.err.splitlines()[0]) == (2, "Too many words: more words")
    assert "See zenith-server check --help." in ran.err


def test_a_project_error_is_printed_as_it_is(command: Command) -> None:
    ran = command("check", "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("There is no folder ")
    assert "Traceback" not in ran.err


def test_a_text_is_printed_and_a_number_is_the_exit_code(command: Command) -> None:
    assert command("text", files=TOOLS).out == "a text\n"
    assert command("number").code == 7
    assert command("late").out == "a late text\n"


def test_an_unexpected_error_shows_the_frames_of_the_project_only(command: Command) -> None:
    ran = command("fail", files=TOOLS)
    assert ran.code == 1
    assert 'plugins/tools.py", line 14, in fail' in ran.err
    assert "json/decoder.py" not in ran.err
    assert "zenith_server/cli" not in ran.err
    assert ran.err.endswith("With --full-traceback the frames of libraries are shown too.\n")


def test_full_traceback_shows_all_frames_wherever_it_stands(command: Command) -> None:
    ran = command("--full-traceback", "fail", files=TOOLS)
    assert 'plugins/tools.py", line 14, in fail' in ran.err
    assert "json/decoder.py" in ran.err
    assert "With --full-traceback" not in ran.err


def test_full_traceback_shows_what_led_to_a_failed_import(command: Command) -> None:
    broken = {"routes/index.py": "import json; json.loads('{')"}
    assert "json/decoder.py" not in command("check", files=broken).err
    assert "json/decoder.py" in command("check", "--full-traceback").err


def test_a_reader_that_leaves_ends_the_command_quietly(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/tools.py").write_text("\n".join(line[4:] for line in PLUGIN.split("\n")))
    program = [sys.executable, "-m", "zenith_server", "wide"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        program, cwd=tmp_path, env=environment({"ZENITH_ENV": "test"}), stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


@pytest.mark.parametrize(
    "words", [["--port", "many"], ["--engine", "nginx"], ["--workers"], ["db", "make"]]
)
def test_options_that_do_not_fit_are_usage_errors(command: Command, words: list[str]) -> None:
    ran = command(*words, files=HELLO)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("words", [["--help"], ["db", "make", "--help"], ["routes", "-h"]])
def test_help_is_printed_plainly_into_a_pipe(command: Command, words: list[str]) -> None:
    ran = command(*words)
    assert ran.code == 0
    assert ran.out.startswith("Usage: zenith-server")
    assert not set(ran.out) & set("╭│╰\x1b")


def test_a_folder_that_is_one_word_too_many_may_be_the_project(command: Command) -> None:
    ran = command("db", "upgrade", "head", "shop", files={"shop/routes/index.py": ""})
    assert (ran.code, ran.err.splitlines()[2]) == (2, "To name the project: --project shop")
