"""Revision files are read without running them, and faulty ones are all named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database.migrations.conftest import Revise
from zenith_server.database.migrations.revisions import ancestors, heads, read
from zenith_server.errors import ProjectError


def fault(folder: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        read(folder)
    return str(caught.value)


def test_no_folder_has_no_revisions(folder: Path) -> None:
    assert read(folder) == ()


def test_each_follows_those_before_it(folder: Path, revise: Revise) -> None:
    revise("0003", down="0007")
    revise("0007", down="0001")
    revise("0001")
    assert [revision.id for revision in read(folder)] == ["0001", "0007", "0003"]


def test_a_file_is_not_run(folder: Path, revise: Revise) -> None:
    file = revise("0001")
    file.write_text(f"{file.read_text()}\nraise SystemExit\n")
    assert [revision.name for revision in read(folder)] == ["0001_step"]


def test_the_message_is_the_first_line_of_the_docstring(folder: Path, revise: Revise) -> None:
    revise("0001")
    assert read(folder)[0].message == "Step 0001"


def test_without_a_docstring_it_is_the_name(folder: Path, revise: Revise) -> None:
    revise("0001").write_text("revision: str = '1'\ndown_revision: str | None = None")
    assert read(folder)[0].message == "0001_step"


def test_a_package_file_is_no_revision(folder: Path, revise: Revise) -> None:
    revise("0001")
    (folder / "__init__.py").write_text("")
    assert len(read(folder)) == 1


def test_two_that_follow_one_are_two_heads(folder: Path, revise: Revise) -> None:
    revise("0001")
    revise("0002")
    revise("0003", down="0001")
    assert [head.id for head in heads(read(folder))] == ["0002", "0003"]


def test_a_merge_follows_several(folder: Path, revise: Revise) -> None:
    revise("0001")
    revise("0002", down="0001")
    revise("0003", down="0001")
    revise("0004").write_text('revision = "0004"\ndown_revision = ("0002", "0003")')
    revisions = read(folder)
    assert [head.id for head in heads(revisions)] == ["0004"]
    assert ancestors(revisions, ["0003"]) == {"0001", "0003"}
    assert ancestors(revisions, ["0004"]) == {"0001", "0002", "0003", "0004"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\ndef", "0001_step.py:2\n\ninvalid syntax."),
        ("name = 1", "is not a revision"),
        ("revision = 1\ndown_revision = None", "is not a revision"),
        ("revision = '1'\ndown_revision = 1", "is not a revision"),
        ("revision = '1'\ndown_revision = f()", "is not a revision"),
        ("revision = '1'\ndown_revision = ('0', 1)", "is not a revision"),
    ],
)
def test_what_is_no_revision_is_said(folder: Path, revise: Revise, source: str, said: str) -> None:
    revise("0001").write_text(source)
    assert said in fault(folder)


def test_what_is_no_text_is_said(folder: Path, revise: Revise) -> None:
    revise("0001").write_bytes(b"\xff")
    assert "invalid start byte" in fault(folder)


def test_two_files_with_one_id_are_both_named(folder: Path, revise: Revise) -> None:
    revise("0001")
    text = revise("0002").read_text()
    (folder / "0002_other.py").write_text(text)
    assert fault(folder).startswith(
        'Revision "0002" exists 2 times\n'
        "  at migrations/0002_other.py\n"
        "  at migrations/0002_step.py\n"
    )


def test_one_that_follows_nothing_there_is_said(folder: Path, revise: Revise) -> None:
    revise("0001")
    revise("0003")
    assert 'A revision follows "0002", which does not exist. Did you mean' in fault(folder)


def test_a_circle_is_said(folder: Path, revise: Revise) -> None:
    revise("0001", down="0002")
    revise("0002")
    assert fault(folder).startswith("Revisions follow each other in a circle\n")


def test_all_faults_are_told_at_once(folder: Path, revise: Revise) -> None:
    revise("0001").write_text("")
    revise("0002").write_text("(")
    with pytest.raises(ProjectError) as caught:
        read(folder)
    assert len(caught.value.faults) == 2
