from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Command


def files_in(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_it_prints_what_it_made_and_what_comes_next(command: Command, tmp_path: Path) -> None:
    ran = command("new", "hello")
    assert ran.code == 0
    made = {".gitignore", "README.md", "routes/index.py", "tests/test_index.py", "zenith.yaml"}
    assert files_in(tmp_path / "hello") == made
    assert {line.removeprefix("created hello/") for line in ran.out.splitlines()[:5]} == made
    assert ran.out.splitlines()[-1] == "Next: zenith-server dev hello"


@pytest.mark.parametrize(
    ("folder", "typed"), [("my shop", "'my shop'"), ("-shop", "./-shop"), ("a;b", "'a;b'")]
)
def test_what_comes_next_can_be_typed_as_it_is_printed(
    command: Command, folder: str, typed: str
) -> None:
    assert command("new", "--", folder).out.splitlines()[-1] == f"Next: zenith-server dev {typed}"


def test_the_project_has_no_faults_in_any_environment(command: Command) -> None:
    command("new", "hello")
    for name in ("development", "test", "staging", "production"):
        assert command("check", "hello", "--env", name).code == 0


def test_the_project_has_its_name(command: Command, tmp_path: Path) -> None:
    command("new", "some/where/shop")
    readme = (tmp_path / "some/where/shop/README.md").read_text()
    assert readme.startswith("# shop\n")


def test_nothing_is_overwritten(command: Command, tmp_path: Path) -> None:
    ran = command("new", "hello", files={"hello/notes.txt": "mine"})
    assert (ran.code, ran.err.splitlines()[0]) == (1, "hello is there already")
    assert files_in(tmp_path / "hello") == {"notes.txt"}


def test_a_file_of_that_name_is_left_alone(command: Command, tmp_path: Path) -> None:
    assert command("new", "hello", files={"hello": "mine"}).code == 1
    assert (tmp_path / "hello").read_text() == "mine"


def test_an_empty_folder_is_filled(command: Command, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    assert command("new", "hello").code == 0


def test_a_folder_that_cannot_be_made_is_told(command: Command) -> None:
    ran = command("new", "file/hello", files={"file": ""})
    assert (ran.code, ran.err.splitlines()[0]) == (1, "file/hello cannot be made")
