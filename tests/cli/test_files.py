from __future__ import annotations

from tests.commands import HELLO, Command

FILES = {**HELLO, "routes/_shared.py": "", "main.py": ""}


def test_each_file_has_its_part_and_the_others_a_reason(command: Command) -> None:
    ran = command("files", files=FILES)
    assert ran.code == 0
    assert ["route", "routes/index.py", "routes.index"] in ran.lines
    assert ["-", "main.py", "no", "convention", "looks", "here"] in ran.lines


def test_json_has_files_and_skipped_files(command: Command) -> None:
    found = command("files", "--json", files=FILES).json()
    assert found["files"] == [
        {"kind": "route", "relative": "routes/index.py", "module": "routes.index"}
    ]
    assert {row["relative"] for row in found["skipped"]} == {"main.py", "routes/_shared.py"}


def test_a_misspelt_special_file_is_a_fault(command: Command) -> None:
    ran = command("files", files={**HELLO, "routes/_Middleware.py": ""})
    assert ran.code == 1
    assert "routes/_Middleware.py is written in another case" in ran.err
